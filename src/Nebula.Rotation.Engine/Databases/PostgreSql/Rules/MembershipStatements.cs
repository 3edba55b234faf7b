namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>GRANT and REVOKE of roles.</summary>
internal static class MembershipStatements
{
    public static string Grant(RuleContext context, PermissionFact fact, string group, string member)
    {
        var options = context.Has(PostgreSqlFeatures.MembershipOptions)
            ? $" WITH ADMIN {(fact.WithGrantOption ? "TRUE" : "FALSE")}, {fact.Value}"
            : fact.WithGrantOption ? " WITH ADMIN OPTION" : "";
        return $"GRANT {group} TO {member}{options}{GrantedBy(context, fact)}";
    }

    public static string Revoke(RuleContext context, PermissionFact fact, string group, string member)
    {
        // Before 16 there is one row whoever gave it, and the grantor is a remark.
        var grantedBy = context.Has(PostgreSqlFeatures.MembershipOptions) ? GrantedBy(context, fact) : "";
        return $"REVOKE {group} FROM {member}{grantedBy}";
    }

    /// <summary>
    /// Memberships in an order in which each grantor has its right to grant already: who gives by an ADMIN OPTION that another fact of the list gives
    /// comes after that one (16+ checks it; manual, "GRANT", GRANTED BY).
    /// </summary>
    public static IEnumerable<PermissionFact> ByGrantor(IReadOnlyList<PermissionFact> facts)
    {
        var left = facts.ToList();
        while (left.Count > 0)
        {
            var givers = left.Where(fact => fact.WithGrantOption).Select(fact => (Group(fact), Member(fact))).ToHashSet();
            var ready = left.Where(fact => !givers.Contains((Group(fact), fact.Grantor ?? ""))).ToList();
            // A circle cannot be made on a server that checks; elsewhere any order does.
            if (ready.Count == 0)
                ready = [.. left];
            foreach (var fact in ready)
                yield return fact;
            left.RemoveAll(ready.Contains);
        }
    }

    private static string GrantedBy(RuleContext context, PermissionFact fact) => fact.Grantor is null ? "" : $" GRANTED BY {context.Role(fact.Grantor)}";

    private static string Group(PermissionFact fact) => fact.ObjectName ?? PermissionFact.Login;

    private static string Member(PermissionFact fact) => fact.Grantee ?? PermissionFact.Login;
}
