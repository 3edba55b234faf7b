using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// What two logins need while both are live: each can use what the other owns and makes. The one way is a membership, which also lets the new
/// login alter and drop; where that would close a circle (a login that is undone while the new one is its member), and for the way back, it is
/// privileges on what is there and default privileges on what will be.
/// </summary>
internal static class OverlapRule
{
    public const string Name = "Overlap";

    /// <summary>Kinds of object that have default privileges, in every release.</summary>
    private static readonly string[] DefaultObjects = ["TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS"];

    /// <summary>
    /// Kinds of object with privileges of their own; the others can be used by whoever may use their schema. Without languages: an untrusted one cannot be
    /// granted (manual, "GRANT"), and a trusted one is everybody's.
    /// </summary>
    private static readonly HashSet<string> WithPrivileges = ["SCHEMA", "TABLE", "SEQUENCE", "ROUTINE", "TYPE", "DATABASE", "LARGE OBJECT", "FOREIGN DATA WRAPPER", "FOREIGN SERVER", "TABLESPACE"];

    /// <summary>True when a login has, or may make, something that another could not use.</summary>
    public static bool IsNeeded(LoginSnapshot login) =>
        login.Facts.Any(fact => fact is { Kind: FactKinds.Owner }) || Databases(login).Any(database => MayCreate(login, database));

    /// <summary>The databases that were visited for a login.</summary>
    public static IReadOnlyList<string> Databases(LoginSnapshot login) =>
        login.Hints.TryGetValue(HintNames.Databases, out var names) ? JsonSerializer.Deserialize<string[]>(names)!
        : login.Hints.TryGetValue(HintNames.Database, out var own) ? [own] : [];

    public static bool IsMember(LoginSnapshot member, LoginSnapshot group) =>
        member.Hints.TryGetValue(HintNames.Ancestors, out var names) && JsonSerializer.Deserialize<string[]>(names)!.Contains(group.Username, StringComparer.Ordinal);

    public static void Begin(LoginSnapshot source, LoginSnapshot target, StatementList output)
    {
        if (!IsNeeded(source))
            return;
        var context = new RuleContext(target, output);
        var sourceName = PostgreSqlDialect.Identifier(source.Username);
        if (IsMember(source, target))
        {
            Share(owner: source, user: target, output);
        }
        else if (!IsMember(target, source))
        {
            // INHERIT even where the login itself does not inherit: what it owns it uses without SET ROLE, and so must the other.
            var options = context.Has(PostgreSqlFeatures.MembershipOptions) ? " WITH INHERIT TRUE, SET TRUE" : "";
            output.Add(Name, null, $"GRANT {sourceName} TO {context.LoginName}{options}");
        }

        // A blocked login has no session that could need it.
        if (!IsMember(source, target) && source.CanLogIn)
            Share(owner: target, user: source, output);
    }

    public static void End(LoginSnapshot old, LoginSnapshot @new, StatementList output)
    {
        foreach (var (member, group) in new[] { (@new, old), (old, @new) })
        {
            var groupName = PostgreSqlDialect.Identifier(group.Username);
            var memberContext = new RuleContext(member, output);
            foreach (var fact in member.Facts.Where(fact => fact.Kind == FactKinds.MemberOf && fact.ObjectName == groupName))
                output.Add(Name, null, MembershipStatements.Revoke(memberContext, fact, groupName, memberContext.LoginName));
            DefaultPrivilegeRule.Write(memberContext, Name, member.Facts.Where(fact => fact.Kind == FactKinds.DefaultPrivilege && fact.Grantor == groupName), DefaultPrivilegeRule.Verb.Revoke);
            PrivilegeStatements.Revoke(memberContext, Name, member.Facts.Where(fact => fact.Kind == FactKinds.Privilege && fact.Grantor == groupName && fact.ObjectOwner == groupName));
        }
    }

    /// <summary>Lets the login that an object was taken from use it until the overlap ends.</summary>
    public static void ShareMoved(RuleContext owner, PermissionFact ownership, LoginSnapshot former)
    {
        if (HasPrivileges(ownership))
            PrivilegeStatements.Grant(owner, Name, [AllPrivileges(ownership, former)]);
    }

    /// <summary>The facts of a login without what is there for the overlap with the other.</summary>
    public static IEnumerable<PermissionFact> Without(LoginSnapshot login, LoginSnapshot other)
    {
        var name = PostgreSqlDialect.Identifier(other.Username);
        return login.Facts.Where(fact => !(fact.Kind switch
        {
            FactKinds.MemberOf => fact.ObjectName == name,
            FactKinds.HasMember => fact.Grantee == name,
            FactKinds.DefaultPrivilege => fact.Grantee == name || fact.Grantor == name,
            FactKinds.Privilege => fact.Grantor == name,
            FactKinds.GrantedPrivilege => fact.Grantee == name,
            _ => false,
        }));
    }

    /// <summary>Lets a user use what an owner has and will make, as far as it cannot already.</summary>
    private static void Share(LoginSnapshot owner, LoginSnapshot user, StatementList output)
    {
        var context = new RuleContext(owner, output);
        var fromOwner = user.Facts.Where(fact => fact.Grantor == context.LoginName).ToList();
        var shared = fromOwner.Where(fact => fact.Kind == FactKinds.Privilege).Select(fact => (fact.Database, fact.ObjectType, fact.ObjectName)).ToHashSet();
        PrivilegeStatements.Grant(
            context,
            Name,
            from fact in owner.Facts
            where fact.Kind == FactKinds.Owner && HasPrivileges(fact) && !shared.Contains((fact.Database, fact.ObjectType, fact.ObjectName))
            select AllPrivileges(fact, user));

        // Both were visited by then in the same databases, but for one that does not exist yet.
        var databases = Databases(owner).Union(Databases(user)).ToList();
        var byDefault = fromOwner.Where(fact => fact.Kind == FactKinds.DefaultPrivilege && fact.ObjectName is null).Select(fact => (fact.Database, fact.ObjectType)).ToHashSet();
        foreach (var database in databases.Where(database => database == databases[0] || MayCreate(owner, database) || MayCreate(user, database)))
        {
            foreach (var objects in ObjectsWithDefaults(context).Where(objects => !byDefault.Contains((database, objects))))
                output.Add(Name, database, $"ALTER DEFAULT PRIVILEGES FOR ROLE {context.LoginName} GRANT ALL ON {objects} TO {PostgreSqlDialect.Identifier(user.Username)}");
        }
    }

    /// <summary>Kinds of object that have default privileges.</summary>
    public static IEnumerable<string> ObjectsWithDefaults(RuleContext context) =>
        context.Has(PostgreSqlFeatures.LargeObjectDefaults) ? DefaultObjects.Append("LARGE OBJECTS") : DefaultObjects;

    public static bool MayCreate(LoginSnapshot login, string database) => login.Hints.ContainsKey(HintNames.In(HintNames.MayCreate, database));

    private static bool HasPrivileges(PermissionFact ownership) => WithPrivileges.Contains(PostgreSqlDialect.GrantKeyword(ownership.ObjectType!));

    private static PermissionFact AllPrivileges(PermissionFact ownership, LoginSnapshot user) => ownership with
    {
        Kind = FactKinds.Privilege,
        Name = "ALL",
        Grantee = PostgreSqlDialect.Identifier(user.Username),
        Value = null,
        IsExclusive = false,
    };
}
