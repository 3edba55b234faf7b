namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>GRANT and REVOKE on objects: facts that say the same of many objects become one statement.</summary>
internal static class PrivilegeStatements
{
    /// <summary>Objects that one statement names at most; the parser takes many more, but a statement should stay readable in a server's log.</summary>
    private const int ObjectsPerStatement = 500;

    public static void Grant(RuleContext context, string rule, IEnumerable<PermissionFact> facts) =>
        Write(context, rule, facts, (privileges, objects, grantee, option) => $"GRANT {privileges} ON {objects} TO {grantee}{(option ? " WITH GRANT OPTION" : "")}");

    public static void Revoke(RuleContext context, string rule, IEnumerable<PermissionFact> facts) =>
        Write(context, rule, facts, (privileges, objects, grantee, _) => $"REVOKE {privileges} ON {objects} FROM {grantee}");

    public static void RevokeGrantOption(RuleContext context, string rule, IEnumerable<PermissionFact> facts) =>
        Write(context, rule, facts, (privileges, objects, grantee, _) => $"REVOKE GRANT OPTION FOR {privileges} ON {objects} FROM {grantee}");

    /// <summary>
    /// Splits changes: an option alone that is missing is granted over what is there, one that is too much is revoked alone, and only what is
    /// neither is revoked whole.
    /// </summary>
    public static (IReadOnlyList<PermissionFact> Revoke, IReadOnlyList<PermissionFact> RevokeOption, IReadOnlyList<PermissionFact> Grant) Split(FactChanges changes)
    {
        // A login that is made has nothing yet, and one that gets nothing has nothing to be compared with: the usual two.
        if (changes.Missing.Count == 0 || changes.Extra.Count == 0)
            return (changes.Extra, [], changes.Missing);
        var missing = changes.Missing.Select(Plain).ToHashSet();
        var extra = changes.Extra.Select(Plain).ToHashSet();
        return (
            [.. changes.Extra.Where(fact => !missing.Contains(Plain(fact)))],
            [.. changes.Extra.Where(fact => fact.WithGrantOption && missing.Contains(Plain(fact)))],
            [.. changes.Missing.Where(fact => fact.WithGrantOption || !extra.Contains(Plain(fact)))]);
    }

    private static PermissionFact Plain(PermissionFact fact) => fact.WithGrantOption ? fact with { WithGrantOption = false } : fact;

    private static void Write(RuleContext context, string rule, IEnumerable<PermissionFact> facts, Func<string, string, string, bool, string> statement)
    {
        var sameObject =
            from fact in facts
            let grantor = fact.Grantor == fact.ObjectOwner ? null : context.Role(fact.Grantor)
            group fact by (Grantor: grantor, fact.Database, Keyword: PostgreSqlDialect.GrantKeyword(fact.ObjectType!), Grantee: context.Role(fact.Grantee), fact.WithGrantOption, fact.ObjectName);
        var samePrivileges =
            from item in sameObject
            group item.Key.ObjectName by (item.Key.Grantor, item.Key.Database, item.Key.Keyword, item.Key.Grantee, item.Key.WithGrantOption, Privileges: Privileges(item));
        foreach (var asRole in samePrivileges.GroupBy(group => (group.Key.Grantor, group.Key.Database)))
        {
            var statements =
                from item in asRole
                from objects in item.Order(StringComparer.Ordinal).Chunk(ObjectsPerStatement)
                select (statement(item.Key.Privileges, $"{item.Key.Keyword} {string.Join(", ", objects)}", item.Key.Grantee, item.Key.WithGrantOption), objects.Length);
            context.Output.AddAs(asRole.Key.Grantor, rule, asRole.Key.Database, statements);
        }
    }

    /// <summary><c>SELECT, UPDATE ("a", "b")</c>.</summary>
    private static string Privileges(IEnumerable<PermissionFact> facts)
    {
        // Most objects have one: grouping it took a quarter of a plan's memory.
        if (facts.TryGetNonEnumeratedCount(out var count) && count == 1 && facts.First() is { SubName: null } only)
            return only.Name;
        return string.Join(
            ", ",
            from fact in facts
            group fact.SubName by (fact.Name, HasColumns: fact.SubName is not null) into privilege
            orderby privilege.Key.HasColumns, privilege.Key.Name
            select privilege.Key.HasColumns ? $"{privilege.Key.Name} ({string.Join(", ", privilege.Order(StringComparer.Ordinal))})" : privilege.Key.Name);
    }
}
