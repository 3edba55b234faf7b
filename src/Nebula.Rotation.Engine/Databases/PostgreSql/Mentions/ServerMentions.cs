using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Mentions;

/// <summary>Mentions that belong to the server: pg_hba_file_rules, pg_ident_file_mappings, pg_db_role_setting, pg_subscription.</summary>
internal static class ServerMentions
{
    public static async Task<List<Mention>> ReadAsync(
        PostgreSqlSession session, DatabaseCredential credential, string username, string? alternate, CancellationToken cancellationToken)
    {
        var mentions = new List<Mention>();
        await using var batch = new NpgsqlBatch(session.Connection);
        var readable = session.Server.Readable;
        batch.BatchCommands.Add(new(Rules(session.Server.Version, readable))
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = username }, new() { Value = (object?)alternate ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } },
        });
        foreach (var sql in new[] { Settings, readable.HasFlag(PostgreSqlReadable.Subscriptions) ? Subscriptions : HiddenSubscriptions })
            batch.BatchCommands.Add(new(sql) { Parameters = { new NpgsqlParameter<string> { TypedValue = username } } });
        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
            mentions.Add(Rule(username, rows.GetString(0), rows.GetString(1), rows.GetBoolean(2) ? alternate : null));
        mentions.AddRange(Unreadable(username, session.Server));

        await rows.NextResultAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            mentions.Add(new(
                rows.GetString(0),
                $"Its sessions become {username} by a setting ({rows.GetString(1)}), which fails when that role is gone.",
                $"Let it name a role that {username} is a member of, or run {rows.GetString(2)}."));
        }

        await rows.NextResultAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            if (rows.IsDBNull(1))
            {
                mentions.Add(new(rows.GetString(0), $"The admin may not read how it logs in: whether as {username} is not known.", null));
                continue;
            }

            var connection = rows.GetString(1);
            if (!MentionAddress.LogsInAs(connection, username))
                continue;
            var here = MentionAddress.IsThisServer(credential, MentionAddress.Value(connection, "host"), MentionAddress.Value(connection, "port"));
            mentions.Add(new(
                rows.GetString(0),
                $"It logs in as {username}{(here ? ", at this very server" : " somewhere; see whether that is this login")}.",
                here ? "Give it a login of its own with ALTER SUBSCRIPTION … CONNECTION." : null));
        }

        return mentions;
    }

    /// <summary>What could not be searched is said: none of it is lost with the login, and a line of pg_hba.conf that is missing for the next one is found by its verification.</summary>
    private static IEnumerable<Mention> Unreadable(string username, PostgreSqlServer server)
    {
        if (!server.Readable.HasFlag(PostgreSqlReadable.HostBasedRules))
        {
            yield return new(
                "pg_hba.conf",
                $"The admin may not read it: whether a line names {username} is not known (SELECT on pg_hba_file_rules and EXECUTE on pg_hba_file_rules() would show it).",
                null);
        }

        if (server.Version.Major >= 15 && !server.Readable.HasFlag(PostgreSqlReadable.IdentityMappings))
            yield return new("pg_ident.conf", $"The admin may not read it: whether a line leads to {username} is not known.", null);
    }

    private static Mention Rule(string username, string line, string rule, string? alternate)
    {
        if (alternate is not null)
            return new(line, $"It names {username} ({rule}), and {alternate}, which takes turns with it, is named alike.", null);
        var role = PostgreSqlDialect.Identifier(username + "_logins");
        return new(
            line,
            $"It names {username} ({rule}), and does not fit the next login.",
            $"Let it name a role that both are members of: run CREATE ROLE {role}; GRANT {role} TO {PostgreSqlDialect.Identifier(username)}; write +{role} into the line, then run SELECT pg_reload_conf().");
    }

    /// <summary>
    /// Lines of pg_hba.conf that name the login, as itself, as a group or by a pattern (a slash before it, 16+), or by sameuser, and fit others not; lines of
    /// pg_ident.conf that lead to it (15+). With each, whether it, or a line that is the same otherwise, names the login that takes turns ($2) as it does this one.
    /// </summary>
    private static string Rules(Version version, PostgreSqlReadable readable)
    {
        var file = version.Major >= 16 ? "regexp_replace(file_name, '^.*/', '')" : "'pg_hba.conf'";
        // The view has a pattern as the file has it, without quotes; one that fits the login need not fit the next.
        var pattern = version.Major >= 16 ? "OR EXISTS (SELECT FROM unnest(user_name) AS u WHERE u LIKE '/_%' AND $1 ~ substr(u, 2))" : "";
        var patternOfBoth = version.Major >= 16 ? "OR EXISTS (SELECT FROM unnest(o.user_name) AS u WHERE u LIKE '/_%' AND $1 ~ substr(u, 2) AND $2 ~ substr(u, 2))" : "";
        var identity = version.Major >= 15 && readable.HasFlag(PostgreSqlReadable.IdentityMappings)
            ? $"""
              UNION ALL
              SELECT format('%s line %s', {(version.Major >= 16 ? "regexp_replace(file_name, '^.*/', '')" : "'pg_ident.conf'")}, line_number), format('%s %s %s', map_name, sys_name, pg_username),
                     EXISTS (SELECT FROM pg_ident_file_mappings AS o
                             WHERE o.error IS NULL AND (o.map_name, o.sys_name) = (m.map_name, m.sys_name)
                               AND o.pg_username = regexp_replace(m.pg_username, '^(\+?).*$', '\1') || $2)
              FROM pg_ident_file_mappings AS m
              WHERE error IS NULL AND pg_username IN ($1, '+' || $1)
              """
            : "";
        if (!readable.HasFlag(PostgreSqlReadable.HostBasedRules))
            return identity.Length == 0 ? Nothing : identity[identity.IndexOf("SELECT", StringComparison.Ordinal)..];
        return
            $"""
            SELECT format('%s line %s', {file}, line_number),
                   concat_ws(' ', type, array_to_string(database, ','), array_to_string(user_name, ','), address, netmask, auth_method),
                   NOT 'sameuser' = ANY (database)
                   AND EXISTS (SELECT FROM pg_hba_file_rules AS o
                               WHERE o.error IS NULL
                                 AND (o.type, o.database, o.address, o.netmask, o.auth_method, o.options) IS NOT DISTINCT FROM (h.type, h.database, h.address, h.netmask, h.auth_method, h.options)
                                 AND ( NOT $1 = ANY (h.user_name) OR $2 = ANY (o.user_name) )
                                 AND ( NOT '+' || $1 = ANY (h.user_name) OR '+' || $2 = ANY (o.user_name) )
                                 AND ( h.user_name && ARRAY[$1, '+' || $1] {patternOfBoth} ))
                   AND $2 IS NOT NULL
            FROM pg_hba_file_rules AS h
            WHERE error IS NULL
              AND NOT ('all' = ANY (user_name) AND NOT 'sameuser' = ANY (database))
              AND ( user_name && ARRAY[$1, '+' || $1]
                 OR 'sameuser' = ANY (database) AND EXISTS (SELECT FROM pg_database WHERE datname = $1)
                 {pattern} )
            {identity}
            """;
    }

    private const string HiddenSubscriptions =
        """
        SELECT format('subscription %I in database %I', s.subname, d.datname), NULL::text
        FROM pg_subscription AS s
        JOIN pg_database AS d ON d.oid = s.subdbid
        WHERE $1 <> ''
        """;

    /// <summary>In the place of rules that may not be read.</summary>
    private const string Nothing = "SELECT NULL::text, NULL::text, NULL::boolean WHERE false AND $1 = '' AND $2 = ''";

    private const string Settings =
        """
        SELECT CASE WHEN s.setrole = 0 THEN format('database %I', d.datname)
                    WHEN s.setdatabase = 0 THEN format('role %I', r.rolname)
                    ELSE format('role %I in database %I', r.rolname, d.datname) END,
               split_part(item, '=', 1),
               CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I', d.datname)
                    WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I', r.rolname)
                    ELSE format('ALTER ROLE %I IN DATABASE %I', r.rolname, d.datname) END || ' RESET ' || split_part(item, '=', 1)
        FROM pg_db_role_setting AS s
        CROSS JOIN LATERAL unnest(s.setconfig) AS item
        LEFT JOIN pg_roles AS r ON r.oid = s.setrole
        LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE item IN ('role=' || $1, 'session_authorization=' || $1)
        """;

    private const string Subscriptions =
        """
        SELECT format('subscription %I in database %I', s.subname, d.datname), s.subconninfo
        FROM pg_subscription AS s
        JOIN pg_database AS d ON d.oid = s.subdbid
        WHERE strpos(s.subconninfo, $1) > 0
        """;
}
