using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Opens admin sessions and sets them up.</summary>
internal static class PostgreSqlAdminSessions
{
    /// <summary>
    /// Asks the server who it is, and makes the session's behaviour its own, whatever the admin's role, the database or the server sets: names are looked
    /// up in pg_catalog only (a function of that name in a schema that others may write to is never called), texts have one form, no statement runs and
    /// no transaction idles for ever, holding locks, after its client is gone, and a commit that was confirmed is durable.
    /// </summary>
    private const string SetUp =
        """
        SELECT current_setting('server_version'),
               current_setting('server_version_num')::int,
               pg_is_in_recovery(),
               current_setting('password_encryption') = 'md5',
               current_setting('scram_iterations', true),
               (SELECT rolsuper FROM pg_roles WHERE rolname = session_user),
               (SELECT CASE WHEN source IN ('default', 'configuration file', 'command line', 'environment variable') THEN reset_val END
                FROM pg_settings WHERE name = 'search_path'),
               (SELECT boot_val FROM pg_settings WHERE name = 'search_path'),
               current_setting('max_locks_per_transaction')::int
               * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int),
               has_table_privilege(session_user, 'pg_catalog.pg_user_mapping', 'SELECT')::int
               + 2 * (has_table_privilege(session_user, 'pg_catalog.pg_hba_file_rules', 'SELECT') AND has_function_privilege(session_user, 'pg_catalog.pg_hba_file_rules()', 'EXECUTE'))::int
               + 4 * coalesce((SELECT has_table_privilege(session_user, c.oid, 'SELECT') AND has_function_privilege(session_user, p.oid, 'EXECUTE')
                               FROM pg_class AS c JOIN pg_proc AS p ON p.proname = c.relname AND p.pronamespace = c.relnamespace
                               WHERE c.relname = 'pg_ident_file_mappings' AND c.relnamespace = 'pg_catalog'::regnamespace), false)::int
               + 8 * has_column_privilege(session_user, 'pg_catalog.pg_subscription', 'subconninfo', 'SELECT')::int
               + 16 * (has_table_privilege(session_user, 'pg_catalog.pg_file_settings', 'SELECT') AND has_function_privilege(session_user, 'pg_catalog.pg_show_all_file_settings()', 'EXECUTE'))::int
        """;

    private static readonly string SetUpSession = string.Join(
        ", ",
        from setting in new (string Name, string Value)[]
        {
            // First, since it decides what the others may be: an admin's role may switch to another at login.
            ("role", "none"),
            ("search_path", "pg_catalog, pg_temp"),
            ("client_min_messages", "warning"),
            ("DateStyle", "ISO, YMD"),
            ("TimeZone", "UTC"),
            ("IntervalStyle", "postgres"),
            ("standard_conforming_strings", "on"),
            ("quote_all_identifiers", "off"),
            ("default_transaction_read_only", "off"),
            ("default_transaction_isolation", "read committed"),
            ("statement_timeout", "120s"),
            ("idle_in_transaction_session_timeout", "30s"),
            ("synchronous_commit", "on"),
            // What is prepared reads the catalog by keys: a plan for any login is as good as one for this one, and is made once.
            ("plan_cache_mode", "force_generic_plan"),
        }
        select $"set_config({PostgreSqlDialect.Literal(setting.Name)}, {PostgreSqlDialect.Literal(setting.Value)}, false)");

    /// <summary>
    /// The same for settings that not every version has: while a login drains, the session idles for longer than some servers allow (14+), and a unit has
    /// limits of its own (17+).
    /// </summary>
    private const string SetUpNewer =
        """
        SELECT set_config(name, '0', false)
        FROM pg_settings
        WHERE name IN ('idle_session_timeout', 'transaction_timeout')
        """;

    /// <summary>The first endpoint that takes writes: it is asked, the order says nothing.</summary>
    public static async Task<(string Host, PostgreSqlSession Session)> OpenPrimaryAsync(
        PostgreSqlConnector connector, string database, IdleSessions? idle, CancellationToken cancellationToken)
    {
        var failures = new List<RotationException>();
        foreach (var host in connector.Hosts)
        {
            try
            {
                return (host, await TakeAsync(idle, connector, host, database, cancellationToken)
                              ?? await OpenAsync(connector, host, database, cancellationToken));
            }
            catch (RotationException e)
            {
                failures.Add(e);
            }
        }

        // One endpoint's answer says more than another's silence.
        var telling = failures.Find(failure => failure.Code != RotationErrorCode.ServerUnreachable) ?? failures[0];
        if (failures.Count == 1)
            throw telling;
        throw new RotationException(telling.Code, string.Join(" ", failures.Select(failure => failure.Message)), telling.RecommendedAction);
    }

    /// <summary>A session on one endpoint and database. Throws ServerUnreachable for one that is a standby.</summary>
    public static Task<PostgreSqlSession> OpenAsync(PostgreSqlConnector connector, string host, string database, CancellationToken cancellationToken) =>
        OpenAsync(connector, host, database, mayBeStandby: false, cancellationToken);

    /// <summary>A session to ask and to end other sessions, on an endpoint that may be a standby.</summary>
    public static Task<PostgreSqlSession> OpenAnyAsync(PostgreSqlConnector connector, string host, string database, CancellationToken cancellationToken) =>
        OpenAsync(connector, host, database, mayBeStandby: true, cancellationToken);

    private static async Task<PostgreSqlSession> OpenAsync(
        PostgreSqlConnector connector, string host, string database, bool mayBeStandby, CancellationToken cancellationToken)
    {
        var endpoint = connector.Endpoint(host);
        var (dataSource, connection) = await connector.OpenAsync(host, database, RotationErrorCode.AdminAuthenticationFailed, cancellationToken);
        try
        {
            return new(dataSource, connection, await SetUpAsync(connection, endpoint, mayBeStandby, cancellationToken), endpoint);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            await dataSource.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (e is RotationException)
                throw;
            throw PostgreSqlErrors.OfStatement(e, endpoint, null);
        }
    }

    private static async Task<PostgreSqlSession?> TakeAsync(
        IdleSessions? idle, PostgreSqlConnector connector, string host, string database, CancellationToken cancellationToken) => idle is null
        ? null
        : await idle.TakeAsync<PostgreSqlSession>(
            connector.Key(host, database),
            async (kept, bound) => kept.With(await SetUpAsync(kept.Connection, kept.Endpoint, mayBeStandby: false, bound)),
            cancellationToken);

    private static async Task<PostgreSqlServer> SetUpAsync(NpgsqlConnection connection, string endpoint, bool mayBeStandby, CancellationToken cancellationToken)
    {
        PostgreSqlServer server;
        string? searchPath;
        await using (var batch = new NpgsqlBatch(connection) { BatchCommands = { new(SetUp), new("SELECT " + SetUpSession), new(SetUpNewer) } })
        await using (var rows = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await rows.ReadAsync(cancellationToken);
            var number = rows.GetInt32(1);
            var version = new Version(number / 10000, number % 10000);
            if (version < PostgreSqlServer.Oldest)
            {
                throw new RotationException(
                    RotationErrorCode.UnsupportedServer,
                    $"{endpoint} is PostgreSQL {rows.GetString(0)}; {PostgreSqlServer.Oldest.Major} and later are supported.",
                    "Upgrade the server.");
            }

            if (rows.GetBoolean(2) && !mayBeStandby)
            {
                throw new RotationException(
                    RotationErrorCode.ServerUnreachable, $"{endpoint} is a standby and takes no changes.", "Name the primary's address too; which one it is will be asked.");
            }

            var iterations = rows.IsDBNull(4) ? Scram.ScramVerifier.DefaultIterations : int.Parse(rows.GetString(4), System.Globalization.CultureInfo.InvariantCulture);
            searchPath = rows.IsDBNull(6) ? null : rows.GetString(6);
            server = new(version, rows.GetString(0), rows.GetBoolean(3), iterations, rows.GetBoolean(5), searchPath ?? rows.GetString(7), rows.GetInt32(8)) { Readable = (PostgreSqlReadable)rows.GetInt32(9) };
        }

        // The admin's own setting hides the server's; its file still has that one.
        if (searchPath is null && !server.Readable.HasFlag(PostgreSqlReadable.FileSettings))
        {
            server = server with { SearchPath = null };
        }
        else if (searchPath is null)
        {
            await using var file = new NpgsqlCommand("SELECT setting FROM pg_file_settings WHERE name = 'search_path' AND applied ORDER BY seqno DESC LIMIT 1", connection);
            if (await file.ExecuteScalarAsync(cancellationToken) is string configured)
                server = server with { SearchPath = configured };
        }

        return server;
    }
}
