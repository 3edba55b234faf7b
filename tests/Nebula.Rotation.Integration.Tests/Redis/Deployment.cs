using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>What a credential leads to: one server or many.</summary>
/// <param name="HostName">Where it begins to ask.</param>
/// <param name="Nodes">Every server with data.</param>
/// <param name="Sentinels">The sentinels, if any.</param>
internal sealed record Deployment(IReadOnlyList<string> HostName, IReadOnlyList<RedisServer> Nodes, IReadOnlyList<RedisServer> Sentinels)
{
    public RedisServer First => Nodes[0];

    /// <summary>The name of the service, where sentinels are asked.</summary>
    public string? ServiceName => HostName.Any(host => Sentinels.Any(sentinel => sentinel.Endpoint == host)) ? RedisReplication.ServiceName : null;

    public static Deployment Of(RedisServer server) => new([server.Endpoint], [server], []);

    /// <summary>By the sentinels, as applications do.</summary>
    public static Deployment Of(RedisReplication replication) =>
        new([.. replication.Sentinels.Select(sentinel => sentinel.Endpoint)], replication.Nodes, replication.Sentinels);

    public static Deployment Of(RedisCluster cluster) => new([cluster.Nodes[0].Endpoint, cluster.Nodes[1].Endpoint], cluster.Nodes, []);

    public static async Task<Deployment> GetAsync(SharedRedis redis, string kind) => kind switch
    {
        "standalone" => Of(await redis.ServerAsync()),
        "sentinel" => Of(await redis.ReplicationAsync()),
        _ => Of(await redis.ClusterAsync()),
    };
}
