using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>
/// The lock on a login: GET_LOCK on the connection that makes the changes, so that it lives exactly as long as these can happen (manual, "Locking
/// Functions"). It belongs to the server, not to a database, and a session may hold several.
/// </summary>
internal static class MySqlTargetLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// A predecessor is ended. The caller holds the lease, so it is dead and its session only has not noticed, perhaps in the midst of a statement, whose
    /// effect must be settled before anything is read. The lock's name is nobody else's.
    /// </summary>
    public static async Task TakeAsync(MySqlSession session, string username, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            long? holder;
            await using (var take = session.Command("SELECT GET_LOCK(@p0, 0), IS_USED_LOCK(@p0)", Name(username)))
            await using (var row = await take.ExecuteReaderAsync(cancellationToken))
            {
                await row.ReadAsync(cancellationToken);
                if (!row.IsDBNull(0) && Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture) == 1)
                    return;
                holder = row.IsDBNull(1) ? null : Convert.ToInt64(row.GetValue(1), CultureInfo.InvariantCulture);
            }

            if (holder is { } id && id != session.Server.ConnectionId)
                await MySqlSessions.KillAsync(session, id, cancellationToken);
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new RotationException(
                    RotationErrorCode.LeaseHeld,
                    $"The lock on {username} is held by session {holder} at {session.Endpoint}, which does not end although it was told to.",
                    "See the processlist for what it waits on, and repeat.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>A lock's name has at most 64 characters.</summary>
    internal static string Name(string username) => "nebula:" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(username)).AsSpan(0, 20));
}
