using System.Globalization;
using MySqlConnector;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Watches and ends a login's sessions. Neither locking nor dropping an account ends them.</summary>
internal sealed class MySqlSessions(MySqlSession session)
{
    /// <summary>ER_NO_SUCH_THREAD: it has ended by itself.</summary>
    private const MySqlErrorCode NoSuchSession = MySqlErrorCode.NoSuchThread;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public async Task<IReadOnlyList<LoginSession>> ListAsync(string username, CancellationToken cancellationToken)
    {
        var has = session.Server;
        var table = has.Has(MySqlFeatures.SchemaProcesslist) ? "performance_schema.processlist" : "information_schema.PROCESSLIST";
        var name = has.Has(MySqlFeatures.ConnectAttributes)
            ? "(SELECT ATTR_VALUE FROM performance_schema.session_connect_attrs WHERE PROCESSLIST_ID = p.ID AND ATTR_NAME = 'program_name')"
            : "NULL";
        // The user's name is compared byte by byte; the tool's checks are no use of the login by anybody.
        await using var command = session.Command(
            $"""
            SELECT p.ID, p.HOST, {name}, UTC_TIMESTAMP(6), p.TIME, p.COMMAND, p.STATE
            FROM {table} AS p
            WHERE CAST(p.USER AS BINARY) = CAST(@p0 AS BINARY)
            ORDER BY p.ID
            """,
            username);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var sessions = new List<LoginSession>();
        var alive = new HashSet<long>();
        while (await rows.ReadAsync(cancellationToken))
        {
            var id = Convert.ToInt64(rows.GetValue(0), CultureInfo.InvariantCulture);
            var application = rows.IsDBNull(2) ? "" : rows.GetString(2);
            var command1 = rows.IsDBNull(5) ? "" : rows.GetString(5);
            if (application == MySqlOpener.ApplicationName || command1 == "Killed")
                continue;
            var now = new DateTimeOffset(rows.GetDateTime(3), TimeSpan.Zero);
            var busy = rows.IsDBNull(4) ? 0 : Math.Max(0, Convert.ToInt64(rows.GetValue(4), CultureInfo.InvariantCulture));
            // Whole seconds, rounded as the server likes.
            var startedAt = session.Ages.StartedAt(id, now, TimeSpan.FromSeconds(Math.Max(0, busy - 1)));
            alive.Add(id);
            sessions.Add(new(
                id.ToString(CultureInfo.InvariantCulture),
                Host(rows.IsDBNull(1) ? "" : rows.GetString(1)),
                application,
                startedAt,
                now - startedAt,
                rows.IsDBNull(6) || rows.GetString(6).Length == 0 ? command1 : $"{command1}: {rows.GetString(6)}"));
        }

        session.Ages.Keep(alive);
        return sessions;
    }

    /// <summary>Ends them all, or those that have lasted for <paramref name="olderThan"/>, again and again until none is left: one may be just starting.</summary>
    public async Task<int> EndAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken)
    {
        var ended = new HashSet<string>();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var left = (await ListAsync(username, cancellationToken)).Where(found => found.Age >= (olderThan ?? TimeSpan.Zero)).ToList();
            if (left.Count == 0)
                return ended.Count;
            foreach (var found in left)
            {
                if (await KillAsync(session, long.Parse(found.Id, CultureInfo.InvariantCulture), cancellationToken))
                    ended.Add(found.Id);
            }

            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new RotationException(
                    RotationErrorCode.DatabaseError,
                    $"{left.Count} session(s) of {username} at {session.Endpoint} do not end although they were told to.",
                    "See the processlist for what they wait on, and repeat.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>False when there is no such session any more.</summary>
    public static async Task<bool> KillAsync(MySqlSession session, long id, CancellationToken cancellationToken)
    {
        try
        {
            await using var kill = session.Command(string.Create(CultureInfo.InvariantCulture, $"KILL CONNECTION {id}"));
            await kill.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (MySqlException e) when (e.ErrorCode == NoSuchSession)
        {
            return false;
        }
    }

    /// <summary>Without the port, which is another for each session.</summary>
    private static string Host(string host) => host.LastIndexOf(':') is > 0 and var colon ? host[..colon] : host.Length == 0 ? "local" : host;
}
