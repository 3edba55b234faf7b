namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// User mappings. Their options hold passwords, which neither a plan nor a server's log may show: the server itself copies them, in a block that reads
/// the other login's mapping, and whose inner statement is in no log and in no error's context.
/// </summary>
internal sealed class UserMappingRule : IFactRule
{
    public string Name => "UserMapping";

    public bool GoesWithLogin => false;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.UserMapping;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Extra)
            context.Output.Add(Name, fact.Database, $"DROP USER MAPPING FOR {context.LoginName} SERVER {fact.ObjectName}");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        if (context.Other is not { } other)
            return;
        foreach (var fact in changes.Missing)
        {
            var server = PostgreSqlDialect.SplitNames(fact.ObjectName!, foldCase: false)[0];
            context.Output.Add(Name, fact.Database, $"DO {PostgreSqlDialect.Literal(Copy(server, other.Username, context.Login.Username))}");
        }
    }

    /// <summary>An error of the inner statement is raised anew, since its context would have the statement.</summary>
    private static string Copy(string server, string from, string to) =>
        $"""
        DECLARE options text;
        BEGIN
          SELECT string_agg(format('%I %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ') FILTER (WHERE o IS NOT NULL) INTO STRICT options
          FROM pg_catalog.pg_user_mapping AS m
          JOIN pg_catalog.pg_foreign_server AS s ON s.oid = m.umserver AND s.srvname = {PostgreSqlDialect.Literal(server)}
          JOIN pg_catalog.pg_roles AS r ON r.oid = m.umuser AND r.rolname = {PostgreSqlDialect.Literal(from)}
          LEFT JOIN LATERAL unnest(m.umoptions) AS o ON true
          HAVING count(m.oid) > 0;
          EXECUTE format('CREATE USER MAPPING FOR %I SERVER %I %s', {PostgreSqlDialect.Literal(to)}, {PostgreSqlDialect.Literal(server)}, coalesce('OPTIONS (' || options || ')', ''));
        EXCEPTION WHEN OTHERS THEN
          RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = SQLERRM;
        END
        """;
}
