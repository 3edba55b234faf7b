using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

[assembly: AssemblyFixture(typeof(SharedRedis))]
[assembly: AssemblyFixture(typeof(SharedRedis8))]
[assembly: AssemblyFixture(typeof(SharedValkey))]

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// Redis servers for all tests of this assembly, each started when the first of them asks for it: one alone, a primary with replicas and sentinels, and a cluster.
/// Each test makes users of its own, and leaves the servers in the state in which it found them.
/// </summary>
public class SharedRedis : IAsyncLifetime
{
    private readonly Lazy<Task<RedisServer>> _server;
    private readonly Lazy<Task<RedisReplication>> _replication;
    private readonly Lazy<Task<RedisCluster>> _cluster;

    public SharedRedis()
        : this(RedisRelease.Distribution)
    {
    }

    private protected SharedRedis(RedisRelease release)
    {
        Release = release;
        var options = new RedisServerOptions { Release = release };
        _server = new(() => RedisServer.StartAsync(options));
        _replication = new(() => RedisReplication.StartAsync(options));
        _cluster = new(() => RedisCluster.StartAsync(options));
    }

    public RedisRelease Release { get; }

    /// <summary>A server alone. Skips the calling test by name where there is none to be had; in continuous integration it fails.</summary>
    public Task<RedisServer> ServerAsync() => ServerRequirement.OrSkip(() => _server.Value, Assert.Skip);

    /// <summary>A primary, two replicas and three sentinels.</summary>
    public Task<RedisReplication> ReplicationAsync() => ServerRequirement.OrSkip(() => _replication.Value, Assert.Skip);

    /// <summary>Three primaries, each with a replica.</summary>
    public Task<RedisCluster> ClusterAsync() => ServerRequirement.OrSkip(() => _cluster.Value, Assert.Skip);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await EndAsync(_server);
        await EndAsync(_replication);
        await EndAsync(_cluster);
        GC.SuppressFinalize(this);
    }

    private static async Task EndAsync<T>(Lazy<Task<T>> servers)
        where T : IAsyncDisposable
    {
        if (servers is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await servers.Value).DisposeAsync();
    }
}
