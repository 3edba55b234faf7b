using System.Globalization;
using Nebula.Rotation.Engine.Databases.MySql.Catalog;
using Nebula.Rotation.Engine.Databases.MySql.Definers;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Reads a login's facts from the grant tables: one round trip, and one more for the definitions of objects that it is the definer of.</summary>
internal sealed class MySqlCatalog(MySqlSession session, bool recreatesDefiners)
{
    /// <summary>The login's accounts as `user@host`, which is how the information schema writes a definer.</summary>
    private const string OwnDefiners = "(SELECT CAST(CONCAT(User, '@', Host) AS BINARY) FROM mysql.{0} WHERE User = @p0)";

    /// <summary>
    /// Servers write names beyond ASCII into mysql.procs_priv as UTF-8 that was taken for latin1 (seen on MySQL 9.7 and MariaDB 10.11). They hold until the tables are
    /// read anew, and a reader that compares names as they are would not see them.
    /// </summary>
    private const string AsWritten = "CONVERT(CONVERT(CAST(@p0 AS BINARY) USING latin1) USING utf8mb3) COLLATE utf8mb3_bin";

    private static string AsMeant(string column) => $"CONVERT(CAST(CONVERT({column} USING latin1) AS BINARY) USING utf8mb3)";

    private const string Common =
        """
        SELECT * FROM mysql.db WHERE User = @p0;
        SELECT p.Host, p.Db, p.Table_name, p.Table_priv,
               EXISTS (SELECT 1 FROM information_schema.TABLES AS t WHERE t.TABLE_SCHEMA = p.Db AND t.TABLE_NAME = p.Table_name) AS is_there
        FROM mysql.tables_priv AS p WHERE p.User = @p0;
        SELECT p.Host, p.Db, p.Table_name, p.Column_name, p.Column_priv,
               EXISTS (SELECT 1 FROM information_schema.COLUMNS AS c WHERE c.TABLE_SCHEMA = p.Db AND c.TABLE_NAME = p.Table_name AND c.COLUMN_NAME = p.Column_name) AS is_there
        FROM mysql.columns_priv AS p WHERE p.User = @p0;
        SELECT p.Host, p.Db, p.Routine_name, p.Routine_type, p.Proc_priv,
               EXISTS (SELECT 1 FROM information_schema.ROUTINES AS r WHERE r.ROUTINE_SCHEMA = p.Db AND r.ROUTINE_NAME = p.Routine_name AND r.ROUTINE_TYPE = p.Routine_type) AS is_there
        FROM (SELECT Host, Db, Routine_name, Routine_type, Proc_priv FROM mysql.procs_priv WHERE User = @p0 OR User = {1}
              UNION SELECT Host, {2:Db}, {2:Routine_name}, Routine_type, Proc_priv FROM mysql.procs_priv WHERE User = @p0 OR User = {1}) AS p
        WHERE p.Db IS NOT NULL AND p.Routine_name IS NOT NULL;
        SELECT * FROM mysql.proxies_priv WHERE User = @p0 OR Proxied_user = @p0;
        SELECT 'VIEW' AS type, TABLE_SCHEMA AS db, TABLE_NAME AS name, DEFINER AS definer, NULL AS on_table FROM information_schema.VIEWS WHERE CAST(DEFINER AS BINARY) IN {0}
        UNION ALL SELECT ROUTINE_TYPE, ROUTINE_SCHEMA, ROUTINE_NAME, DEFINER, NULL FROM information_schema.ROUTINES WHERE CAST(DEFINER AS BINARY) IN {0}
        UNION ALL SELECT 'TRIGGER', TRIGGER_SCHEMA, TRIGGER_NAME, DEFINER, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE CAST(DEFINER AS BINARY) IN {0}
        UNION ALL SELECT 'EVENT', EVENT_SCHEMA, EVENT_NAME, DEFINER, NULL FROM information_schema.EVENTS WHERE CAST(DEFINER AS BINARY) IN {0};
        """;

    private const string OfAccounts =
        """
        SELECT * FROM mysql.role_edges WHERE FROM_USER = @p0 OR TO_USER = @p0;
        SELECT * FROM mysql.default_roles WHERE USER = @p0 OR (HOST, USER) IN (SELECT HOST, USER FROM mysql.default_roles WHERE DEFAULT_ROLE_USER = @p0);
        SELECT * FROM mysql.global_grants WHERE USER = @p0
        """;

    /// <summary>Global privileges are a bit mask there, whose meaning the server alone knows.</summary>
    private const string OfGlobalPriv =
        """
        SELECT m.* FROM mysql.roles_mapping AS m WHERE m.User = @p0 AND (m.Host, m.User) IN (SELECT Host, User FROM mysql.global_priv WHERE User = @p0 AND JSON_VALUE(Priv, '$.is_role') IS NULL);
        SELECT g.Host, p.PRIVILEGE_TYPE, p.IS_GRANTABLE
        FROM mysql.global_priv AS g
        JOIN information_schema.USER_PRIVILEGES AS p ON CAST(p.GRANTEE AS BINARY) = CAST(CONCAT('''', g.User, '''@''', g.Host, '''') AS BINARY)
        WHERE g.User = @p0
        """;

    public async Task<LoginSnapshot> ReadAsync(string username, CancellationToken cancellationToken)
    {
        var server = session.Server;
        if (username.Length > server.UsernameWidth)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"The user name '{username}' has {username.Length} characters; {session.Endpoint} takes {server.UsernameWidth}.", "Give a shorter one.");
        }

        var builder = new SnapshotBuilder(username, server);
        var table = server.IsMariaDb ? "global_priv" : "user";
        // In MariaDB a role is a row there, too.
        var accounts = server.IsMariaDb
            ? "SELECT Host, User, Priv FROM mysql.global_priv WHERE User = @p0 AND JSON_VALUE(Priv, '$.is_role') IS NULL"
            : "SELECT * FROM mysql.user WHERE User = @p0";
        var common = Common.Replace("{0}", OwnDefiners.Replace("{0}", table, StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("{1}", AsWritten, StringComparison.Ordinal)
            .Replace("{2:Db}", AsMeant("Db"), StringComparison.Ordinal)
            .Replace("{2:Routine_name}", AsMeant("Routine_name"), StringComparison.Ordinal);
        List<DefinedObject> objects;
        await using (var command = session.Command($"{accounts};{common}{(server.IsMariaDb ? OfGlobalPriv : OfAccounts)}", username))
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            async Task<List<MySqlRow>> NextAsync()
            {
                var all = await MySqlRow.ReadAllAsync(rows, cancellationToken);
                await rows.NextResultAsync(cancellationToken);
                return all;
            }

            foreach (var row in await NextAsync())
                AccountReader.Read(row, builder);
            GrantReader.ReadDatabases(await NextAsync(), builder);
            GrantReader.ReadTables(await NextAsync(), builder);
            GrantReader.ReadColumns(await NextAsync(), builder);
            GrantReader.ReadRoutines(await NextAsync(), builder);
            var proxies = await NextAsync();
            objects = [.. (await NextAsync()).Select(DefinedObject.Read)];
            if (server.IsMariaDb)
            {
                RoleReader.ReadMappings(await NextAsync(), builder);
                foreach (var row in await NextAsync())
                {
                    if (row.Text("PRIVILEGE_TYPE") is not "USAGE" and var privilege)
                        AccountReader.Global(row.Text("Host"), privilege, builder);
                    if (row.IsYes("IS_GRANTABLE"))
                        AccountReader.Global(row.Text("Host"), FactKinds.GrantOption, builder);
                }
            }
            else
            {
                RoleReader.ReadEdges(await NextAsync(), builder);
                RoleReader.ReadDefaults(await NextAsync(), builder);
                RoleReader.ReadDynamic(await NextAsync(), builder);
            }

            RoleReader.ReadProxies(proxies, builder);
        }

        if (recreatesDefiners)
            builder.Hint(HintNames.Recreates, "true");
        if (objects.Count > 0)
            await new DefinerReader(session, recreatesDefiners).ReadAsync(objects, builder, cancellationToken);
        return builder.Build();
    }

    /// <summary>The names that accounts have, roles and anonymous ones left out.</summary>
    public async Task<IReadOnlyList<string>> ListNamesAsync(CancellationToken cancellationToken)
    {
        await using var command = session.Command(
            session.Server.IsMariaDb
                ? "SELECT DISTINCT User FROM mysql.global_priv WHERE User <> '' AND User NOT LIKE 'mariadb.%' AND JSON_VALUE(Priv, '$.is_role') IS NULL ORDER BY User"
                : "SELECT DISTINCT User FROM mysql.user WHERE User <> '' AND User NOT LIKE 'mysql.%' ORDER BY User");
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return [.. (await MySqlRow.ReadAllAsync(rows, cancellationToken)).Select(row => row.Text("User"))];
    }

    /// <summary>True when an account, a role, or something that was granted to one that is gone, has the name.</summary>
    public async Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken)
    {
        var server = session.Server;
        var tables = new List<string> { "db", "tables_priv", "columns_priv", "procs_priv", "proxies_priv", server.IsMariaDb ? "global_priv" : "user" };
        var conditions = tables.Select(table => $"EXISTS (SELECT 1 FROM mysql.{table} WHERE User = @p0)").ToList();
        conditions.Add("EXISTS (SELECT 1 FROM mysql.proxies_priv WHERE Proxied_user = @p0)");
        if (server.Has(MySqlFeatures.RolesAreAccounts))
            conditions.Add("EXISTS (SELECT 1 FROM mysql.role_edges WHERE FROM_USER = @p0 OR TO_USER = @p0)");
        if (server.IsMariaDb)
            conditions.Add("EXISTS (SELECT 1 FROM mysql.roles_mapping WHERE User = @p0 OR Role = @p0)");
        await using var command = session.Command("SELECT " + string.Join(" OR ", conditions), username);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture) != 0;
    }
}
