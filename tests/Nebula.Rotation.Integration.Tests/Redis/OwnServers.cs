using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Servers of a test's own, which it may stop and restart.</summary>
internal sealed class OwnServers : IAsyncDisposable
{
    private readonly IAsyncDisposable _servers;

    private OwnServers(IAsyncDisposable servers, Deployment deployment)
    {
        _servers = servers;
        Deployment = deployment;
    }

    public Deployment Deployment { get; }

    public RedisReplication? Replication => _servers as RedisReplication;

    public static async Task<OwnServers> StartAsync(string kind, RedisServerOptions options)
    {
        switch (kind)
        {
            case "standalone":
                var server = await RedisServer.StartAsync(options, RedisScene.Ct);
                return new(server, Deployment.Of(server));
            case "sentinel":
                var replication = await RedisReplication.StartAsync(options, ct: RedisScene.Ct);
                return new(replication, Deployment.Of(replication));
            default:
                var cluster = await RedisCluster.StartAsync(options, ct: RedisScene.Ct);
                return new(cluster, Deployment.Of(cluster));
        }
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();
}
