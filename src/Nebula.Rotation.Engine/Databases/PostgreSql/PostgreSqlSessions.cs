using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Watches and ends a login's sessions: pg_stat_activity. DROP ROLE does not end them.</summary>
internal sealed class PostgreSqlSessions(PostgreSqlSession session)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>By the session's own role, which SET ROLE does not change; one that the admin may not look into is listed too. The tool's checks are no use of the login by anybody.</summary>
    public async Task<IReadOnlyList<LoginSession>> ListAsync(string username, CancellationToken cancellationToken)
    {
        await using var command = session.Command(
            """
            SELECT pid, CASE WHEN backend_type IS NULL THEN 'unknown' ELSE coalesce(host(client_addr), 'local') END, application_name,
                   coalesce(backend_start, 'epoch'), coalesce(clock_timestamp() - backend_start, '0'), coalesce(state, backend_type, 'unknown')
            FROM pg_stat_activity
            WHERE usesysid = (SELECT oid FROM pg_roles WHERE rolname = $1)
              AND application_name <> $2
              AND backend_type IS DISTINCT FROM 'parallel worker'
            ORDER BY backend_start, pid
            """,
            username,
            PostgreSqlConnector.ApplicationName);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var sessions = new List<LoginSession>();
        while (await rows.ReadAsync(cancellationToken))
        {
            sessions.Add(new(
                rows.GetInt32(0).ToString(System.Globalization.CultureInfo.InvariantCulture),
                rows.GetString(1),
                rows.GetString(2),
                rows.GetFieldValue<DateTimeOffset>(3),
                rows.GetTimeSpan(4),
                rows.GetString(5)));
        }

        return sessions;
    }

    /// <summary>Whether this server lets the login in; false when it knows none of that name.</summary>
    public async Task<bool> CanLogInAsync(string username, CancellationToken cancellationToken)
    {
        await using var command = session.Command("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND rolcanlogin)", username);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>
    /// Ends them all but this connection's own, or those that have lasted for <paramref name="olderThan"/>, again and again until none is left: one may be
    /// just starting.
    /// </summary>
    public async Task<int> EndAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken)
    {
        var ended = new HashSet<int>();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var left = 0;
            await using (var command = session.Command(
                """
                SELECT pid, CASE WHEN pg_has_role(session_user, usesysid, 'USAGE') OR pg_has_role(session_user, 'pg_signal_backend', 'USAGE') THEN pg_terminate_backend(pid) END
                FROM pg_stat_activity
                WHERE usesysid = (SELECT oid FROM pg_roles WHERE rolname = $1)
                  AND pid <> pg_backend_pid()
                  AND coalesce(clock_timestamp() - backend_start >= $2, true)
                """,
                username,
                olderThan ?? TimeSpan.Zero))
            await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
            {
                while (await rows.ReadAsync(cancellationToken))
                {
                    if (rows.IsDBNull(1))
                    {
                        throw new RotationException(
                            RotationErrorCode.AdminPrivilegeMissing,
                            $"The admin login may not end the sessions of {username} at {session.Endpoint}.",
                            $"Make it a member of {PostgreSqlDialect.Identifier(username)} or of pg_signal_backend, then repeat.");
                    }

                    ended.Add(rows.GetInt32(0));
                    left++;
                }
            }

            if (left == 0)
                return ended.Count;
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new RotationException(
                    RotationErrorCode.DatabaseError,
                    $"{left} session(s) of {username} at {session.Endpoint} do not end although they were told to.",
                    "See pg_stat_activity for what they wait on, and repeat.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }
}
