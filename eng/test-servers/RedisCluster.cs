using System.Globalization;

namespace Nebula.Rotation.TestServers;

/// <summary>A Redis Cluster: primaries, each with a replica.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16384;

    private readonly List<RedisServer> _nodes = [];

    private RedisCluster(string password) => AdminPassword = password;

    /// <summary>The admin's password on every node.</summary>
    public string AdminPassword { get; }

    /// <summary>The primaries, then the replicas in their order.</summary>
    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <summary>Starts all of them, and waits until the cluster works.</summary>
    public static async Task<RedisCluster> StartAsync(RedisServerOptions? options = null, int primaries = 3, CancellationToken ct = default)
    {
        options ??= new RedisServerOptions();
        var password = options.AdminPassword ?? RedisServer.NewPassword();
        var cluster = new RedisCluster(password);
        try
        {
            for (var index = 0; index < primaries * 2; index++)
                await cluster.AddNodeAsync(options, ct);
            for (var index = 0; index < primaries; index++)
            {
                var (first, last) = (index * Slots / primaries, ((index + 1) * Slots / primaries) - 1);
                await cluster._nodes[index].ExecuteAsync(["CLUSTER", "ADDSLOTSRANGE", Number(first), Number(last)]);
            }

            await cluster.MeetAsync(ct);
            for (var index = 0; index < primaries; index++)
                await ReplicateAsync(cluster._nodes[primaries + index], cluster._nodes[index], ct);
            foreach (var node in cluster._nodes)
            {
                await RedisWait.UntilAsync(node, ["CLUSTER", "INFO"], text => text.Contains("cluster_state:ok", StringComparison.Ordinal), ct);
                await RedisWait.UntilAsync(node, ["CLUSTER", "NODES"], text => text.Split(" slave ").Length + text.Split("myself,slave ").Length - 2 == primaries, ct);
            }

            // What a busy machine holds up for a moment is not taken for dead: no test waits for a failover.
            foreach (var node in cluster._nodes)
                await node.ExecuteAsync(["CONFIG", "SET", "cluster-node-timeout", "60000"]);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node that is not part of the cluster yet.</summary>
    public async Task<RedisServer> AddNodeAsync(RedisServerOptions options, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string[] settings = ["cluster-enabled yes", "cluster-node-timeout 3000", $"masteruser {options.AdminUser}", $"masterauth {AdminPassword}"];
        var node = await RedisServer.StartAsync(options with { AdminPassword = AdminPassword, Configuration = [.. settings, .. options.Configuration] }, ct);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Introduces every node to the first, and waits until each knows all.</summary>
    public async Task MeetAsync(CancellationToken ct = default)
    {
        foreach (var node in _nodes.Skip(1))
            await _nodes[0].ExecuteAsync(["CLUSTER", "MEET", node.Host, Number(node.Port), Number(node.BusPort)]);
        foreach (var node in _nodes)
        {
            await RedisWait.UntilAsync(
                node,
                ["CLUSTER", "NODES"],
                text => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line.Contains(" connected", StringComparison.Ordinal) && !line.Contains("handshake", StringComparison.Ordinal)) == _nodes.Count,
                ct);
        }
    }

    /// <summary>Makes a node a replica.</summary>
    public static async Task ReplicateAsync(RedisServer replica, RedisServer primary, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(replica);
        ArgumentNullException.ThrowIfNull(primary);
        var id = (string)(await primary.ExecuteAsync("CLUSTER", "MYID"))!;
        await replica.ExecuteAsync(["CLUSTER", "REPLICATE", id]);
        await RedisWait.UntilAsync(replica, ["INFO", "replication"], text => text.Contains("master_link_status:up", StringComparison.Ordinal), ct);
    }

    /// <summary>Ends all of them.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
