using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>
/// The lock on a login: a session-level advisory lock on the connection that makes the changes, so that it lives exactly as long as these can happen
/// (manual, "Advisory Locks"). Such a lock belongs to one database: two credentials for one login in two databases do not exclude each other by it.
/// </summary>
internal static class PostgreSqlTargetLock
{
    /// <summary>The first key of all our locks: "Nebu".</summary>
    private const int LockClass = 0x4E656275;

    /// <summary>The first key of the marks on sessions in other databases: "Nebv".</summary>
    private const int MarkClass = 0x4E656276;

    /// <summary>
    /// Whether the admin may end a session (pg_signal_backend() in the server's source): asking for what is forbidden is an error. A predecessor may have run with another admin.
    /// </summary>
    private const string MayEnd =
        """
        coalesce(pg_has_role(session_user, a.usesysid, 'USAGE')
                 OR pg_has_role(session_user, 'pg_signal_backend', 'USAGE') AND NOT (SELECT rolsuper FROM pg_roles WHERE oid = a.usesysid), false)
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// A predecessor of ours is ended. The caller holds the lease, so it is dead and its session only has not noticed, perhaps in the midst of a
    /// statement, whose effect must be settled before anything is read.
    /// </summary>
    public static async Task TakeAsync(PostgreSqlSession session, string username, CancellationToken cancellationToken)
    {
        var key = Key(username);
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await using (var take = session.Command("SELECT pg_try_advisory_lock($1, $2)", LockClass, key))
            {
                if (await take.ExecuteScalarAsync(cancellationToken) is true)
                    break;
            }

            var stranger = await EndHoldersAsync(session, key, cancellationToken);
            if (stranger is not null || TimeProvider.System.GetElapsedTime(started) > Patience)
                throw Held(username, session, stranger ?? "a session that does not end");

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>
    /// Marks a session in another database as the companion of one that holds the lock: a lock of a class of its own, shared, that goes with the session.
    /// </summary>
    public static async Task MarkAsync(PostgreSqlSession session, string home, string username, CancellationToken cancellationToken)
    {
        await using var mark = session.Command("SELECT pg_advisory_lock_shared($1, $2)", MarkClass, MarkKey(home, username));
        await mark.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Ends a predecessor's companions, once its lock is ours and it can make no more of them. They may be in the midst of a statement.
    /// </summary>
    public static async Task EndCompanionsAsync(PostgreSqlSession session, string home, string username, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (await EndCompanionsOnceAsync(session, MarkKey(home, username), cancellationToken) is { Left: > 0 and var left, Protected: var stranger })
        {
            if (stranger is not null)
                throw Held(username, session, stranger);
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new RotationException(
                    RotationErrorCode.LeaseHeld,
                    $"{left} session(s) of an earlier run on {username} at {session.Endpoint} do not end although they were told to.",
                    "See pg_stat_activity for what they wait on, and repeat.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private static RotationException Held(string username, PostgreSqlSession session, string holder) =>
        new(RotationErrorCode.LeaseHeld, $"The lock on {username} is held by {holder} at {session.Endpoint}.", "End that session, or wait until it ends, and repeat.");

    private static async Task<(int Left, string? Protected)> EndCompanionsOnceAsync(PostgreSqlSession session, int key, CancellationToken cancellationToken)
    {
        await using var end = session.Command(
            $"""
            SELECT count(*)::int, count(CASE WHEN {MayEnd} THEN pg_terminate_backend(l.pid) END),
                   min(format('process %s (%s, of %s)', l.pid, a.application_name, a.usename)) FILTER (WHERE a.pid IS NOT NULL AND NOT {MayEnd})
            FROM pg_locks AS l
            LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.classid::bigint = $1 AND l.objid::bigint = $2 AND l.objsubid = 2
            """,
            (long)MarkClass,
            (long)unchecked((uint)key));
        await using var row = await end.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt32(0), row.IsDBNull(2) ? null : row.GetString(2));
    }

    /// <summary>Ends the sessions of ours that hold the lock; gives the first that is not ours.</summary>
    private static async Task<string?> EndHoldersAsync(PostgreSqlSession session, int key, CancellationToken cancellationToken)
    {
        // pg_locks keeps the keys as unsigned numbers; objsubid 2 says that there are two of them (manual, "pg_locks").
        await using var find = session.Command(
            $"""
            SELECT CASE WHEN a.pid IS NULL THEN NULL WHEN a.application_name = $3 AND {MayEnd} THEN pg_terminate_backend(l.pid) ELSE false END, format('process %s (%s, of %s)', l.pid, a.application_name, a.usename)
            FROM pg_locks AS l
            LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND l.classid::bigint = $1 AND l.objid::bigint = $2 AND l.objsubid = 2
            """,
            (long)LockClass,
            (long)unchecked((uint)key),
            PostgreSqlConnector.ApplicationName);
        await using var rows = await find.ExecuteReaderAsync(cancellationToken);
        string? stranger = null;
        while (await rows.ReadAsync(cancellationToken))
        {
            // Unknown is a session that ended between the two views.
            if (!rows.IsDBNull(0) && !rows.GetBoolean(0))
                stranger ??= rows.GetString(1);
        }

        return stranger;
    }

    private static int MarkKey(string home, string username) => Key($"{home}\0{username}");

    private static int Key(string username) => BinaryPrimitives.ReadInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(username)));
}
