using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// Ownership, one object a step. Not REASSIGN OWNED: that takes ACCESS EXCLUSIVE on every table at once, and one long query stalls it with the
/// application behind it. Only an extension has no other way (manual, "ALTER EXTENSION"): it goes last, when nothing else is left that REASSIGN OWNED would take.
/// </summary>
internal static class OwnershipRule
{
    public const string Name = "Ownership";

    private const string Extension = "EXTENSION";

    /// <param name="old">Who owns.</param>
    /// <param name="new">Who is to own.</param>
    /// <param name="share">Whether the former owner can still use what has moved; not needed where it is a member of the new one.</param>
    /// <param name="stage">The stage of the statements.</param>
    public static IEnumerable<PlannedStep> Move(LoginSnapshot old, LoginSnapshot @new, bool share = true, RotationStage stage = RotationStage.Retire)
    {
        // Schemas first: from then on the new login makes objects there by its own right.
        var facts =
            from fact in old.Facts
            where fact.IsExclusive && fact.Value != FactKinds.Follows
            orderby fact.ObjectType switch { "SCHEMA" => 0, "DATABASE" => 1, Extension => 3, _ => 2 }, fact.Kind, fact.Database, fact.ObjectType, fact.ObjectName, fact.Grantee
            select fact;
        foreach (var fact in facts)
        {
            var list = new StatementList(stage);
            var context = new RuleContext(@new, list);
            if (fact.Kind == FactKinds.GrantedMembership)
            {
                list.Add(Name, null, MembershipStatements.Revoke(context, fact, fact.ObjectName!, fact.Grantee!));
                list.Add(Name, null, MembershipStatements.Grant(context, fact, fact.ObjectName!, fact.Grantee!));
                yield return new($"membership:{fact.ObjectName}:{fact.Grantee}", $"membership of {fact.Grantee} in {fact.ObjectName}", list.Statements) { Ownership = fact };
            }
            else if (fact.ObjectType == Extension)
            {
                list.Add(Name, fact.Database, $"REASSIGN OWNED BY {PostgreSqlDialect.Identifier(old.Username)} TO {context.LoginName}");
                yield return new($"owner:{fact.Database}:{fact.ObjectType}:{fact.ObjectName}", $"owner of {Words(fact.ObjectType)} {fact.ObjectName}", list.Statements) { Ownership = fact };
            }
            else
            {
                var needs = old.Hints.GetValueOrDefault(HintNames.Of(HintNames.OwnerNeeds, fact));
                if (needs is not null)
                    list.Add(Name, fact.Database, $"GRANT {needs} TO {context.LoginName}");
                list.Add(Name, fact.Database, $"ALTER {PostgreSqlDialect.Keyword(fact.ObjectType!)} {fact.ObjectName} OWNER TO {context.LoginName}");
                if (needs is not null)
                    list.Add(Name, fact.Database, $"REVOKE {needs} FROM {context.LoginName}");
                // What the old login still owns works in its name: a foreign key's check, a view, a security definer function. Until all has
                // moved, those have to reach what has moved already.
                if (share)
                    OverlapRule.ShareMoved(context, fact, old);
                yield return new($"owner:{fact.Database}:{fact.ObjectType}:{fact.ObjectName}", $"owner of {Words(fact.ObjectType!)} {fact.ObjectName}", list.Statements) { Ownership = fact };
            }
        }
    }

    /// <summary>Objects whose new owner must be a superuser whoever gives them (manual, "ALTER EVENT TRIGGER", "ALTER FOREIGN DATA WRAPPER", "ALTER SUBSCRIPTION").</summary>
    public static bool NeedsSuperuser(string objectType, PostgreSqlFeatures features) =>
        objectType is "EVENT TRIGGER" or "FOREIGN-DATA WRAPPER" || objectType == "SUBSCRIPTION" && !features.HasFlag(PostgreSqlFeatures.AnySubscriptionOwner);

    private static string Words(string objectType) => objectType.ToLowerInvariant();
}
