namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>The credential's endpoints other than the one that takes changes: asked for sessions, each over a connection of its own that is kept while it lives.</summary>
internal sealed class MySqlOtherEndpoints(MySqlOpener opener, DatabaseCredential credential, string primary) : IAsyncDisposable
{
    private readonly IReadOnlyList<string> _hosts = [.. opener.Hosts.Where(host => host != primary)];
    private readonly Dictionary<string, MySqlSession> _sessions = [];

    public bool Any => _hosts.Count > 0;

    public async Task<LoginSessions> ListAsync(string username, CancellationToken cancellationToken)
    {
        var (answers, unasked) = await AskAllAsync(
            async session => (await new MySqlSessions(session).ListAsync(username, cancellationToken)).Select(found => found with { Endpoint = session.Endpoint }).ToList(), cancellationToken);
        return new([.. answers.SelectMany(answer => answer)], unasked);
    }

    public async Task<EndedSessions> EndAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken)
    {
        var (counts, unasked) = await AskAllAsync(session => new MySqlSessions(session).EndAsync(username, olderThan, cancellationToken), cancellationToken);
        return new(counts.Sum(), unasked);
    }

    /// <summary>An endpoint that the admin cannot ask would keep the drain from ever being over: said before anything is touched.</summary>
    public async Task<IReadOnlyList<PlanBlocker>> PreflightAsync(CancellationToken cancellationToken)
    {
        var (_, unasked) = await AskAllAsync(session => Task.FromResult(true), cancellationToken);
        return
        [
            .. unasked.Select(endpoint => new PlanBlocker(
                $"endpoint {endpoint.Endpoint}",
                $"The admin login cannot ask it, so that nobody would know when the old login has no session there. {endpoint.Reason}",
                "Let the admin login in there, or leave the endpoint out of the credential.")),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions.Values)
            await session.DisposeAsync();
        _sessions.Clear();
    }

    private async Task<(List<T> Answers, List<UnaskedEndpoint> Unasked)> AskAllAsync<T>(Func<MySqlSession, Task<T>> ask, CancellationToken cancellationToken)
    {
        var answers = new List<T>();
        var unasked = new List<UnaskedEndpoint>();
        // At once: one that does not answer takes the whole connection timeout.
        foreach (var (host, session, answer, failure) in await Task.WhenAll(_hosts.Select(host => AskAsync(host, ask, cancellationToken))))
        {
            if (session is not null)
                _sessions[host] = session;
            else
                _sessions.Remove(host);
            if (failure is not null)
                unasked.Add(new(opener.Endpoint(host), failure.Message));
            else
                answers.Add(answer!);
        }

        return (answers, unasked);
    }

    private async Task<(string Host, MySqlSession? Session, T? Answer, RotationException? Failure)> AskAsync<T>(
        string host, Func<MySqlSession, Task<T>> ask, CancellationToken cancellationToken)
    {
        MySqlSession? session = null;
        try
        {
            // A kept session may have died since: then a new one is asked, once.
            if (_sessions.TryGetValue(host, out session) && !await session.Connection.PingAsync(cancellationToken))
            {
                await session.DisposeAsync();
                session = null;
            }

            session ??= await MySqlAdminSessions.OpenAsync(opener, credential, host, mayBeReadOnly: true, cancellationToken);
            return (host, session, await ask(session), null);
        }
        catch (Exception e)
        {
            if (session is not null)
                await session.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (e is not RotationException && !MySqlErrors.IsOfDriver(e))
                throw;
            return (host, null, default, MySqlErrors.OfStatement(e, opener.Endpoint(host), null));
        }
    }
}
