using Nebula.Rotation.Engine.Databases.PostgreSql.Catalog;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Admins;

/// <summary>
/// What an admin that is no superuser needs for the login as a whole: to make one like it, to block it, to be its member (manual, "CREATE ROLE", "ALTER ROLE"; the rules of 16 are those
/// of that release's notes: an attribute can be given by who has it, and a role changed by who has its ADMIN OPTION).
/// </summary>
internal static class LoginRights
{
    public static void Require(SnapshotBuilder snapshot, IReadOnlyList<PermissionFact> facts, AdminView admin, ServerDescription server)
    {
        if (!snapshot.Exists)
            return;
        var missing = snapshot.Missing;
        var byOption = ((PostgreSqlFeatures)server.Features).HasFlag(PostgreSqlFeatures.MembershipOptions);
        if (!admin.CreatesRoles)
            missing.NeedAttribute("CREATEROLE");
        if (!byOption && !admin.Inherits)
            missing.NeedAttribute("INHERIT");
        if (admin.Role(snapshot.Username) is { MayGrant: false } login)
            missing.NeedToGrant(login);
        foreach (var attribute in facts.Where(fact => fact is { Kind: FactKinds.Attribute, Value: "true" }))
        {
            switch (attribute.Name)
            {
                case "SUPERUSER":
                    missing.NeedAttribute("SUPERUSER");
                    break;
                case "REPLICATION" when !byOption || !admin.Replicates:
                case "BYPASSRLS" when !byOption || !admin.BypassesPolicies:
                    missing.NeedAttribute(byOption ? attribute.Name : "SUPERUSER");
                    break;
                case "CREATEDB" when byOption && !admin.CreatesDatabases:
                    missing.NeedAttribute("CREATEDB");
                    break;
            }
        }

        // Manual, "ALTER DATABASE": whoever gives one away must be allowed to make one.
        if (!admin.CreatesDatabases && facts.Any(fact => fact is { Kind: FactKinds.Owner, ObjectType: "DATABASE" }))
            missing.NeedAttribute("CREATEDB");

        if (facts.Any(fact => fact.Kind == FactKinds.MemberOf && fact.ObjectName == admin.Quoted))
        {
            snapshot.Block(
                $"role {PostgreSqlDialect.Identifier(snapshot.Username)}",
                $"It is a member of {admin.Quoted}, the admin, which has to become a member of it, and PostgreSQL makes no circles.",
                "Use another admin login, or take the membership away.");
        }
    }
}
