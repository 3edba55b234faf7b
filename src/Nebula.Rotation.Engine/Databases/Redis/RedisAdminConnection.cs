using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>An admin's connections, one to each node.</summary>
internal sealed class RedisAdminConnection(RedisNodes nodes, string adminUsername, Action<RedisNodes> found) : IAdminConnection
{
    private readonly RedisCatalog _catalog = new(nodes);

    private Func<CancellationToken, Task> _checkLease = static _ => Task.CompletedTask;

    public string Endpoint => nodes.Primary.Name;

    /// <summary>Leaves the connections to the next rotation of a run; null for closing them.</summary>
    public Func<ValueTask>? Leave { get; init; }

    public Func<CancellationToken, Task> LeaseCheck
    {
        set => _checkLease = value;
    }

    /// <summary>Round trips so far, of the node that took most: nodes are asked at the same time.</summary>
    public int RoundTrips => nodes.All.Max(node => node.Connection.RoundTrips);

    /// <summary>
    /// Redis has no lock that ends with its connection: a key that expires would be one more thing to keep true on every node, and would hold up nobody who does
    /// not look at it. What there is instead: the store's lease, read again before each command that changes something; a name that is new with each attempt;
    /// commands that take milliseconds and are bounded on this side; and every step asking what is true before it acts. A runner that is stopped between that
    /// look and the command behind it can still do this one command when it wakes.
    /// </summary>
    public Task LockTargetAsync(string username, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.CompletedTask;
    }

    public async Task<LoginSnapshot> ReadSnapshotAsync(string username, CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        return await _catalog.ReadAsync(username, cancellationToken);
    }

    public async Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken) => (await HashesAsync(username, cancellationToken)).Any(user => user.Hashes is not null);

    public async Task<IReadOnlyList<string>> ListLoginNamesAsync(CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        var lists = await Task.WhenAll(nodes.WithData.Select(node => node.RunAsync([["ACL", "USERS"]], cancellationToken)));
        return [.. lists.SelectMany(list => ((IEnumerable<object?>)list[0]!).Cast<string>()).Where(name => name != RedisDialect.DefaultUser).Distinct(StringComparer.Ordinal)];
    }

    public Task<Preflight> PreflightAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken) =>
        new RedisPreflight(nodes, adminUsername).RunAsync(credential, source, cancellationToken);

    public Task<IChangeUnit> BeginAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IChangeUnit>(new RedisChangeUnit(nodes, _checkLease));
    }

    public async Task<LoginSessions> ListSessionsAsync(string username, CancellationToken cancellationToken)
    {
        await nodes.RefreshAsync(cancellationToken);
        return await new RedisSessions(nodes).ListAsync(username, cancellationToken);
    }

    public async Task<EndedSessions> EndSessionsAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken)
    {
        await nodes.RefreshAsync(cancellationToken);
        return await new RedisSessions(nodes).EndAsync(username, olderThan, _checkLease, cancellationToken);
    }

    /// <summary>ACL GETUSER shows the hashes. True when the password is one of the login's wherever the login is.</summary>
    public async Task<bool?> KnowsPasswordAsync(Login login, CancellationToken cancellationToken)
    {
        var hash = RedisDialect.Hash(login.Password);
        // A sentinel's user of that name may be another login.
        var there = (await HashesAsync(login.Username, cancellationToken)).Where(user => user is { IsSentinel: false, Hashes: not null }).Select(user => user.Hashes!).ToList();
        return there.Count > 0 && there.TrueForAll(hashes => hashes.Contains(hash));
    }

    /// <summary>From the primary, or where that one lacks the login, from the first node that takes the store's password.</summary>
    public async Task<IReadOnlyList<string>> BringUpToDateAsync(Login login, CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        return await new RedisRepair(nodes, _catalog, _checkLease).RunAsync(login, cancellationToken);
    }

    public ValueTask DisposeAsync() => Leave?.Invoke() ?? nodes.DisposeAsync();

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await nodes.RefreshAsync(cancellationToken);
        nodes.RequireAll();
        found(nodes);
    }

    private async Task<(bool IsSentinel, IReadOnlyList<string>? Hashes)[]> HashesAsync(string username, CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        return await Task.WhenAll(nodes.All.Select(async node => (node.IsSentinel, AclUser.Read((await node.RunAsync([["ACL", "GETUSER", username]], cancellationToken))[0])?.Hashes)));
    }
}
