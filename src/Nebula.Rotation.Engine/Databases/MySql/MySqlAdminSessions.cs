using System.Globalization;
using MySqlConnector;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Opens admin sessions and sets them up.</summary>
internal static class MySqlAdminSessions
{
    /// <summary>
    /// The session's behaviour is its own, whatever the server sets: how texts are quoted, how long a statement waits for a lock, that a session that idles
    /// while a login drains is kept, that no statement of ours runs for ever after its client is gone.
    /// </summary>
    public static string SetUp(DatabaseCredential credential) => string.Create(
        CultureInfo.InvariantCulture,
        $"SET NAMES utf8mb4, SESSION sql_mode = {MySqlDialect.Literal(MySqlDialect.SqlMode)}, SESSION time_zone = '+00:00', SESSION autocommit = 1, "
        + $"SESSION lock_wait_timeout = {MySqlOptions.LockTimeout(credential)}, SESSION innodb_lock_wait_timeout = {MySqlOptions.LockTimeout(credential)}, "
        + $"SESSION wait_timeout = 86400, SESSION net_write_timeout = 60");

    /// <summary>What the server is and can do, from what it has: tables, columns, settings.</summary>
    private const string Ask =
        """
        SELECT VERSION(), CONNECTION_ID(), UTC_TIMESTAMP(6), @@GLOBAL.read_only, @@performance_schema,
               (SELECT VARIABLE_VALUE FROM {0}.session_status WHERE VARIABLE_NAME = 'Ssl_cipher');
        SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, CHARACTER_MAXIMUM_LENGTH
        FROM information_schema.COLUMNS
        WHERE (TABLE_SCHEMA = 'mysql' AND TABLE_NAME IN ('db', 'role_edges', 'global_priv', 'global_grants', 'user') AND COLUMN_NAME IN ('User', 'FROM_USER', 'Priv', 'User_attributes'))
           OR (TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME = 'processlist' AND COLUMN_NAME = 'ID');
        SHOW PRIVILEGES
        """;

    /// <summary>The first endpoint that takes writes: it is asked, the order says nothing.</summary>
    public static async Task<(string Host, MySqlSession Session)> OpenWritableAsync(
        MySqlOpener opener, DatabaseCredential credential, IdleSessions? idle, CancellationToken cancellationToken)
    {
        var failures = new List<RotationException>();
        foreach (var host in opener.Hosts)
        {
            try
            {
                return (host, await TakeAsync(idle, opener, credential, host, cancellationToken)
                              ?? await OpenAsync(opener, credential, host, mayBeReadOnly: false, cancellationToken));
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

    /// <summary>A session on one endpoint. Throws ServerUnreachable for one that takes no writes, unless it may.</summary>
    public static async Task<MySqlSession> OpenAsync(
        MySqlOpener opener, DatabaseCredential credential, string host, bool mayBeReadOnly, CancellationToken cancellationToken)
    {
        var endpoint = MySqlEndpoint.Parse(host, credential.Port);
        var connection = await opener.OpenAsync(host, null, RotationErrorCode.AdminAuthenticationFailed, cancellationToken);
        try
        {
            return await SetUpAsync(connection, credential, endpoint, mayBeReadOnly, cancellationToken);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (!MySqlErrors.IsOfDriver(e))
                throw;
            throw MySqlErrors.OfStatement(e, endpoint.ToString(), null);
        }
    }

    private static async Task<MySqlSession?> TakeAsync(
        IdleSessions? idle, MySqlOpener opener, DatabaseCredential credential, string host, CancellationToken cancellationToken) => idle is null
        ? null
        : await idle.TakeAsync<MySqlSession>(
            opener.Key(host),
            async (kept, bound) => (await SetUpAsync(kept.Connection, credential, MySqlEndpoint.Parse(host, credential.Port), mayBeReadOnly: false, bound)).Since(kept.StartedAt),
            cancellationToken);

    private static async Task<MySqlSession> SetUpAsync(
        MySqlConnection connection, DatabaseCredential credential, MySqlEndpoint endpoint, bool mayBeReadOnly, CancellationToken cancellationToken)
    {
        // MariaDB has its status where MySQL once had it.
        var isMariaDb = connection.ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase);
        var features = MySqlFeatures.None;
        // Our own texts and a number.
#pragma warning disable CA2100
        await using var command = new MySqlCommand(
            SetUp(credential) + ";" + Ask.Replace("{0}", isMariaDb ? "information_schema" : "performance_schema", StringComparison.Ordinal), connection);
#pragma warning restore CA2100
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        await rows.ReadAsync(cancellationToken);
        var (version, id, startedAt) = (rows.GetString(0), rows.GetInt64(1), new DateTimeOffset(rows.GetDateTime(2), TimeSpan.Zero));
        if (!mayBeReadOnly && IsOn(rows.GetValue(3)))
        {
            throw new RotationException(
                RotationErrorCode.ServerUnreachable, $"{endpoint} is read-only and takes no changes.", "Name the address of the server that takes writes, too; which one it is will be asked.");
        }

        if (IsOn(rows.GetValue(4)))
            features |= MySqlFeatures.ConnectAttributes;
        var isEncrypted = !rows.IsDBNull(5) && rows.GetString(5).Length > 0;
        await rows.NextResultAsync(cancellationToken);
        var width = 0;
        while (await rows.ReadAsync(cancellationToken))
        {
            switch (rows.GetString(0).ToLowerInvariant(), rows.GetString(1).ToLowerInvariant(), rows.GetString(2).ToLowerInvariant())
            {
                case ("mysql", "db", "user"):
                    width = Convert.ToInt32(rows.GetValue(3), CultureInfo.InvariantCulture);
                    break;
                case ("mysql", "role_edges", _):
                    features |= MySqlFeatures.RolesAreAccounts;
                    break;
                case ("mysql", "global_priv", _):
                    features |= MySqlFeatures.GlobalPriv | MySqlFeatures.ReplacesRoutines;
                    break;
                case ("mysql", "global_grants", _):
                    features |= MySqlFeatures.DynamicPrivileges;
                    break;
                case ("mysql", "user", "user_attributes"):
                    features |= MySqlFeatures.UserAttributes;
                    break;
                case ("performance_schema", _, _):
                    features |= MySqlFeatures.SchemaProcesslist;
                    break;
                default:
                    break;
            }
        }

        await rows.NextResultAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            if (rows.GetString(0).Equals("APPLICATION_PASSWORD_ADMIN", StringComparison.OrdinalIgnoreCase))
                features |= MySqlFeatures.RetainPassword;
        }

        if (!features.HasFlag(MySqlFeatures.ConnectAttributes))
            features &= ~MySqlFeatures.SchemaProcesslist;
        if (width == 0)
        {
            throw new RotationException(
                RotationErrorCode.AdminPrivilegeMissing, $"The admin login cannot see the grant tables of {endpoint}.", "Grant it SELECT on mysql.*.");
        }

        if ((features & (MySqlFeatures.RolesAreAccounts | MySqlFeatures.GlobalPriv)) == 0)
        {
            throw new RotationException(
                RotationErrorCode.UnsupportedServer, $"{endpoint} is {version}; MySQL 8.0 and later and MariaDB 10.4 and later are supported.", "Upgrade the server.");
        }

        return new(connection, new(version, features, width, id, isEncrypted), endpoint, startedAt);
    }

    private static bool IsOn(object value) => value is string text ? text is "1" or "ON" or "NO_LOCK" or "NO_LOCK_NO_ADMIN" : Convert.ToInt64(value, CultureInfo.InvariantCulture) != 0;
}
