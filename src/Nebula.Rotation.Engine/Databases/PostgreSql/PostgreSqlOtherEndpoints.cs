using Npgsql;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>
/// The endpoints beside the one that takes changes: standbys. Each lists its own sessions (pg_stat_activity knows those of one server), follows with a
/// lag, and may be away for a while. Sessions to them are opened when first needed and kept, since a drain asks again and again.
/// </summary>
internal sealed class PostgreSqlOtherEndpoints(PostgreSqlConnector connector, string primary, string database) : IAsyncDisposable
{
    /// <summary>How long a standby may need to learn that a login is blocked before what it lists counts as unknown.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<string> _hosts = [.. connector.Hosts.Where(host => host != primary)];

    private readonly Dictionary<string, PostgreSqlSession> _sessions = [];

    public bool Any => _hosts.Count > 0;

    /// <summary>The login's sessions at each. <paramref name="isBlocked"/>: the primary refuses it, and so must they before their word counts.</summary>
    public async Task<LoginSessions> ListAsync(string username, bool isBlocked, CancellationToken cancellationToken)
    {
        var (lists, unasked) = await AskAllAsync(
            async session =>
            {
                await RequireSameDoorAsync(session, username, isBlocked, cancellationToken);
                var listed = await new PostgreSqlSessions(session).ListAsync(username, cancellationToken);
                return listed.Select(found => found with { Endpoint = session.Endpoint }).ToList();
            },
            cancellationToken);
        return new([.. lists.SelectMany(list => list)], unasked);
    }

    /// <summary>Ends the login's sessions at each.</summary>
    public async Task<EndedSessions> EndAsync(string username, bool isBlocked, TimeSpan? olderThan, CancellationToken cancellationToken)
    {
        var (counts, unasked) = await AskAllAsync(
            async session =>
            {
                await RequireSameDoorAsync(session, username, isBlocked, cancellationToken);
                return await new PostgreSqlSessions(session).EndAsync(username, olderThan, cancellationToken);
            },
            cancellationToken);
        return new(counts.Sum(), unasked);
    }

    /// <summary>An endpoint that the admin cannot ask would keep the drain from ever being over: said before anything is touched.</summary>
    public async Task<(IReadOnlyList<PlanBlocker> Blockers, IReadOnlyList<string> Warnings)> PreflightAsync(bool ownsObjects, CancellationToken cancellationToken)
    {
        var (delays, unasked) = await AskAllAsync(
            async session =>
            {
                await using var command = session.Command(
                    "SELECT setting::bigint FROM pg_settings WHERE name = 'max_standby_streaming_delay' AND pg_is_in_recovery()");
                return (session.Endpoint, Delay: await command.ExecuteScalarAsync(cancellationToken) as long?);
            },
            cancellationToken);
        var blockers = unasked.Select(endpoint => new PlanBlocker(
            $"endpoint {endpoint.Endpoint}",
            $"The admin login cannot ask it, so that nobody would know when the old login has no session there. {endpoint.Reason}",
            "Let the admin login in there, or leave the endpoint out of the credential."));
        // Manual, "Handling Query Conflicts": what is locked exclusively on the primary is locked on a standby when it is replayed there. -1 waits for ever.
        var warnings = from answer in delays
                       where ownsObjects && answer.Delay is >= 0
                       select $"The login owns objects: while each moves, {answer.Endpoint} cancels a query on it that runs longer than "
                              + $"max_standby_streaming_delay ({TimeSpan.FromMilliseconds(answer.Delay!.Value).TotalSeconds:0.#} s) from then on.";
        return ([.. blockers], [.. warnings]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions.Values)
            await session.DisposeAsync();
        _sessions.Clear();
    }

    /// <summary>
    /// A standby that has not replayed the block still lets the login in: a session may start there a moment after it was looked at.
    /// </summary>
    private static async Task RequireSameDoorAsync(PostgreSqlSession session, string username, bool isBlocked, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (isBlocked && await new PostgreSqlSessions(session).CanLogInAsync(username, cancellationToken))
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new RotationException(
                    RotationErrorCode.ServerUnreachable,
                    $"{session.Endpoint} has not replayed within {Patience.TotalSeconds:0} s that {username} is blocked, and lets it in.",
                    "See pg_stat_replication at the primary, and whether replay is paused or delayed.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private async Task<(List<T> Answers, List<UnaskedEndpoint> Unasked)> AskAllAsync<T>(Func<PostgreSqlSession, Task<T>> ask, CancellationToken cancellationToken)
    {
        var answers = new List<T>();
        var unasked = new List<UnaskedEndpoint>();
        // At once: one that does not answer takes the whole connection timeout.
        foreach (var (host, outcome) in await Task.WhenAll(_hosts.Select(async host => (host, await AskAsync(host, ask, cancellationToken)))))
        {
            lock (_sessions)
            {
                if (outcome.Session is { } session)
                    _sessions[host] = session;
                else
                    _sessions.Remove(host);
            }

            if (outcome.Failure is { } failure)
                unasked.Add(new(connector.Endpoint(host), failure.Message));
            else
                answers.Add(outcome.Answer!);
        }

        return (answers, unasked);
    }

    private async Task<(PostgreSqlSession? Session, T? Answer, RotationException? Failure)> AskAsync<T>(
        string host, Func<PostgreSqlSession, Task<T>> ask, CancellationToken cancellationToken)
    {
        PostgreSqlSession? session = null;
        try
        {
            // A kept session may have died since: then a new one is asked, once.
            if (_sessions.TryGetValue(host, out session) && await IsAliveAsync(session, cancellationToken) is false)
            {
                await session.DisposeAsync();
                session = null;
            }

            session ??= await PostgreSqlAdminSessions.OpenAnyAsync(connector, host, database, cancellationToken);
            return (session, await ask(session), null);
        }
        catch (Exception e)
        {
            if (session is not null)
                await session.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            var failure = e as RotationException ?? PostgreSqlErrors.OfStatement(e, connector.Endpoint(host), null) as RotationException;
            if (failure is null)
                throw;
            return (null, default, failure);
        }
    }

    private static async Task<bool> IsAliveAsync(PostgreSqlSession session, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = session.Command("SELECT 1");
            await command.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
