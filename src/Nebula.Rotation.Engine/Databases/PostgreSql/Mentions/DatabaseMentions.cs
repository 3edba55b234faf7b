using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Mentions;

/// <summary>
/// Mentions in one database. Expressions and sources are searched of what the login, or a role that it is a member of, owns or has a right on, found
/// by index (pg_shdepend), and of that no more than <see cref="MostObjects"/>; what names a role by itself is searched everywhere, in small catalogs.
/// </summary>
internal static class DatabaseMentions
{
    private const int MostObjects = 20_000;

    private const int MostFound = 500;

    public static async Task<List<Mention>> ReadAsync(
        PostgreSqlSession session, string database, string home, DatabaseCredential credential, string username, string? alternate, CancellationToken cancellationToken)
    {
        var mentions = new List<Mention>();
        var place = database == home ? "" : $" in database {PostgreSqlDialect.Identifier(database)}";
        var text = new MentionText(username, alternate);
        await using var batch = new NpgsqlBatch(session.Connection)
        {
            BatchCommands =
            {
                new(Texts(session.Server.Version))
                {
                    Parameters =
                    {
                        new NpgsqlParameter<string> { TypedValue = username },
                        new NpgsqlParameter<string> { TypedValue = $"'{username.Replace("'", "''", StringComparison.Ordinal)}'" },
                        new NpgsqlParameter<string> { TypedValue = PostgreSqlDialect.Identifier(username) },
                    },
                },
                new(Roles) { Parameters = { new NpgsqlParameter<string> { TypedValue = username } } },
                new(Servers(session.Server.Readable.HasFlag(PostgreSqlReadable.UserMappings))) { Parameters = { new NpgsqlParameter<string> { TypedValue = username } } },
                new(EventTriggers),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            if (text.Find(rows.GetString(0) + place, rows.GetBoolean(1), rows.GetString(2)) is { } mention)
                mentions.Add(mention);
        }

        await rows.NextResultAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            mentions.Add(new(
                rows.GetString(0) + place,
                $"It runs as {username} by a setting of its own, which fails when that role is gone.",
                $"Let it name a role that {username} is a member of, or run ALTER {rows.GetString(0)} RESET role."));
        }

        await rows.NextResultAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            if (rows.GetBoolean(3))
            {
                mentions.Add(new(rows.GetString(0) + place, $"The admin may not read with which name it logs in: whether as {username} is not known.", null));
                continue;
            }

            var here = MentionAddress.IsThisServer(credential, rows.IsDBNull(1) ? null : rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetString(2));
            mentions.Add(new(
                rows.GetString(0) + place,
                $"It logs in as {username}{(here ? ", at this very server" : " somewhere; see whether that is this login")}.",
                here ? "Give it a login of its own." : null));
        }

        await rows.NextResultAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
            mentions.Add(new(rows.GetString(0) + place, $"It fires on {rows.GetString(1)} and may forbid it.", null));
        return mentions;
    }

    /// <summary>pg_policy, pg_attrdef, pg_constraint, pg_rewrite, pg_trigger, pg_proc: name, whether it is a source, text.</summary>
    private static string Texts(Version version) =>
        $"""
        WITH RECURSIVE who AS (
            SELECT oid FROM pg_roles WHERE rolname = $1
          UNION
            SELECT m.roleid FROM pg_auth_members AS m JOIN who ON who.oid = m.member
        ), dependency AS (
            SELECT DISTINCT classid, objid
            FROM pg_shdepend
            WHERE refclassid = 'pg_authid'::regclass AND refobjid IN (SELECT oid FROM who)
              AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_policy'::regclass)
            LIMIT {MostObjects}
        ), relation AS (
            SELECT c.oid, c.relkind, format('%s', c.oid::regclass) AS name
            FROM pg_class AS c
            WHERE c.oid IN (SELECT objid FROM dependency WHERE classid = 'pg_class'::regclass)
               OR c.oid IN (SELECT p.polrelid FROM dependency AS d JOIN pg_policy AS p ON p.oid = d.objid WHERE d.classid = 'pg_policy'::regclass)
        ), routine AS (
            SELECT objid AS oid FROM dependency WHERE classid = 'pg_proc'::regclass
          UNION
            SELECT t.tgfoid FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        ), found AS (
            SELECT format('policy %I on %s', p.polname, r.name) AS name, false AS is_source,
                   concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS body
            FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
          UNION ALL
            SELECT format('default of column %I of %s', a.attname, r.name), false, pg_get_expr(d.adbin, d.adrelid)
            FROM relation AS r JOIN pg_attrdef AS d ON d.adrelid = r.oid JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
          UNION ALL
            SELECT format('constraint %I of %s', c.conname, r.name), false, pg_get_constraintdef(c.oid)
            FROM relation AS r JOIN pg_constraint AS c ON c.conrelid = r.oid AND c.contype = 'c'
          UNION ALL
            SELECT format('constraint %I of domain %s', c.conname, c.contypid::regtype), false, pg_get_constraintdef(c.oid)
            FROM dependency AS d JOIN pg_constraint AS c ON c.contypid = d.objid AND c.contype = 'c'
            WHERE d.classid = 'pg_type'::regclass
          UNION ALL
            SELECT format('%s %s', CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, r.name), false, pg_get_viewdef(r.oid)
            FROM relation AS r
            WHERE r.relkind IN ('v', 'm')
          UNION ALL
            SELECT format('rule %I on %s', w.rulename, r.name), false, pg_get_ruledef(w.oid)
            FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
          UNION ALL
            SELECT format('trigger %I on %s', t.tgname, r.name), false, pg_get_triggerdef(t.oid)
            FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgqual IS NOT NULL
          UNION ALL
            SELECT format('function %s', p.oid::regprocedure), {(version.Major >= 14 ? "p.prosqlbody IS NULL" : "true")},
                   {(version.Major >= 14 ? "concat_ws(' ', pg_get_function_sqlbody(p.oid), p.prosrc)" : "p.prosrc")}
            FROM routine AS o JOIN pg_proc AS p ON p.oid = o.oid
            WHERE p.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('c', 'internal'))
        )
        SELECT name, is_source, body
        FROM found
        WHERE strpos(body, $2) > 0 OR strpos(body, $3) > 0
           OR body ~* '\m(current_user|session_user|current_role)\M'
           OR NOT is_source AND body ~ '\mUSER\M'
           OR body ~* '\m(role|authorization)\M' AND strpos(body, $1) > 0
        ORDER BY name
        LIMIT {MostFound}
        """;

    /// <summary>pg_proc.proconfig: functions that switch to the login.</summary>
    private const string Roles =
        """
        SELECT format('%s %s', CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, oid::regprocedure)
        FROM pg_proc
        WHERE proconfig && ARRAY['role=' || $1, 'session_authorization=' || $1]
        """;

    /// <summary>pg_foreign_server and pg_user_mapping: who logs in with the login's name, and where.</summary>
    private static string Servers(bool isReadable) =>
        $"""
        SELECT CASE WHEN m.oid IS NULL THEN format('server %I', s.srvname)
                    ELSE format('user mapping of %s for server %I', coalesce(quote_ident(r.rolname), 'PUBLIC'), s.srvname) END,
               (SELECT substr(o, strpos(o, '=') + 1) FROM unnest(s.srvoptions) AS o WHERE o LIKE 'host=%' OR o LIKE 'hostaddr=%' ORDER BY o LIMIT 1),
               (SELECT substr(o, strpos(o, '=') + 1) FROM unnest(s.srvoptions) AS o WHERE o LIKE 'port=%' LIMIT 1),
               {(isReadable ? "false" : "m.oid IS NOT NULL AND m.umoptions IS NULL")}
        FROM pg_foreign_server AS s
        LEFT JOIN {(isReadable ? "pg_user_mapping" : "(SELECT umid AS oid, srvid AS umserver, umuser, umoptions FROM pg_user_mappings)")} AS m
               ON m.umserver = s.oid AND (m.umoptions && ARRAY['user=' || $1, 'username=' || $1]{(isReadable ? "" : " OR m.umoptions IS NULL")})
        LEFT JOIN pg_roles AS r ON r.oid = m.umuser
        WHERE m.oid IS NOT NULL OR s.srvoptions && ARRAY['user=' || $1, 'username=' || $1]
        ORDER BY 1
        """;

    private const string EventTriggers =
        """
        SELECT format('event trigger %I', evtname), evtevent::text
        FROM pg_event_trigger
        WHERE evtenabled NOT IN ('D', 'R')
        ORDER BY evtname
        """;
}
