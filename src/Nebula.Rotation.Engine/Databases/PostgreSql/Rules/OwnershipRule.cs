using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// Ownership, one object a step. Not REASSIGN OWNED: that takes ACCESS EXCLUSIVE on every table at once, and one long query stalls it with the
/// application behind it.
/// </summary>
internal static class OwnershipRule
{
    public const string Name = "Ownership";

    public static IEnumerable<PlannedStep> Move(LoginSnapshot old, LoginSnapshot @new)
    {
        // Schemas first: from then on the new login makes objects there by its own right.
        var facts =
            from fact in old.Facts
            where fact.IsExclusive && fact.Value != FactKinds.Follows
            orderby fact.ObjectType == "SCHEMA" ? 0 : fact.ObjectType == "DATABASE" ? 1 : 2, fact.Kind, fact.Database, fact.ObjectType, fact.ObjectName, fact.Grantee
            select fact;
        foreach (var fact in facts)
        {
            var list = new StatementList(RotationStage.Retire);
            var context = new RuleContext(@new, list);
            if (fact.Kind == FactKinds.GrantedMembership)
            {
                list.Add(Name, null, MembershipStatements.Revoke(context, fact, fact.ObjectName!, fact.Grantee!));
                list.Add(Name, null, MembershipStatements.Grant(context, fact, fact.ObjectName!, fact.Grantee!));
                yield return new($"membership:{fact.ObjectName}:{fact.Grantee}", $"membership of {fact.Grantee} in {fact.ObjectName}", list.Statements);
            }
            else
            {
                list.Add(Name, fact.Database, $"ALTER {PostgreSqlDialect.Keyword(fact.ObjectType!)} {fact.ObjectName} OWNER TO {context.LoginName}");
                // What the old login still owns works in its name: a foreign key's check, a view, a security definer function. Until all has
                // moved, those have to reach what has moved already.
                OverlapRule.ShareMoved(context, fact, old);
                yield return new($"owner:{fact.Database}:{fact.ObjectType}:{fact.ObjectName}", $"owner of {Words(fact.ObjectType!)} {fact.ObjectName}", list.Statements);
            }
        }
    }

    private static string Words(string objectType) => objectType.ToLowerInvariant();
}
