using System.Globalization;

namespace Nebula.Rotation.TestServers;

/// <summary>A primary, its replicas and the sentinels that watch them.</summary>
public sealed class RedisReplication : IAsyncDisposable
{
    /// <summary>The name by which the sentinels know the primary.</summary>
    public const string ServiceName = "main";

    private readonly List<RedisServer> _nodes = [];
    private readonly List<RedisServer> _sentinels = [];

    private RedisReplication(string password) => AdminPassword = password;

    /// <summary>The admin's password on every node and sentinel.</summary>
    public string AdminPassword { get; }

    /// <summary>The primary at first, and its replicas.</summary>
    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <summary>The first primary.</summary>
    public RedisServer Primary => _nodes[0];

    /// <summary>The sentinels.</summary>
    public IReadOnlyList<RedisServer> Sentinels => _sentinels;

    /// <summary>Starts all of them, and waits until each knows the others.</summary>
    public static async Task<RedisReplication> StartAsync(RedisServerOptions? options = null, int replicas = 2, int sentinels = 3, CancellationToken ct = default)
    {
        options ??= new RedisServerOptions();
        var password = options.AdminPassword ?? RedisServer.NewPassword();
        var replication = new RedisReplication(password);
        options = options with { AdminPassword = password, Configuration = [$"masteruser {options.AdminUser}", $"masterauth {password}", .. options.Configuration] };
        try
        {
            replication._nodes.Add(await RedisServer.StartAsync(options, ct));
            for (var index = 0; index < replicas; index++)
                await replication.AddReplicaAsync(options, ct);
            for (var index = 0; index < sentinels; index++)
                replication._sentinels.Add(await RedisServer.StartAsync(replication.SentinelOptions(options, sentinels), ct));
            await replication.SettleAsync(ct);
            // What a busy machine holds up for a moment is not taken for dead: no test waits for a failover.
            foreach (var sentinel in replication._sentinels)
                await sentinel.ExecuteAsync(["SENTINEL", "SET", ServiceName, "down-after-milliseconds", "60000"]);
            return replication;
        }
        catch
        {
            await replication.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one more replica, with the options of the others unless told otherwise.</summary>
    public async Task<RedisServer> AddReplicaAsync(RedisServerOptions options, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var line = string.Create(CultureInfo.InvariantCulture, $"replicaof {Primary.Host} {Primary.Port}");
        var replica = await RedisServer.StartAsync(options with { AdminPassword = AdminPassword, Configuration = [.. options.Configuration, line] }, ct);
        _nodes.Add(replica);
        return replica;
    }

    /// <summary>Waits until every replica is connected and every sentinel knows all of them.</summary>
    public async Task SettleAsync(CancellationToken ct = default)
    {
        foreach (var replica in _nodes.Skip(1))
            await RedisWait.UntilAsync(replica, ["INFO", "replication"], text => text.Contains("master_link_status:up", StringComparison.Ordinal), ct);
        foreach (var sentinel in _sentinels)
        {
            var (replicas, others) = (_nodes.Count - 1, _sentinels.Count);
            await RedisWait.UntilAsync(
                sentinel,
                ["INFO", "sentinel"],
                text => text.Contains(string.Create(CultureInfo.InvariantCulture, $"status=ok,address={Primary.Endpoint},slaves={replicas},sentinels={others}"), StringComparison.Ordinal),
                ct);
        }
    }

    /// <summary>Ends all of them.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _sentinels.Concat(_nodes))
            await server.DisposeAsync();
    }

    private RedisServerOptions SentinelOptions(RedisServerOptions options, int sentinels) => new()
    {
        Release = options.Release,
        IsSentinel = true,
        AdminUser = options.AdminUser,
        AdminPassword = AdminPassword,
        Timeout = options.Timeout,
        MayInstall = options.MayInstall,
        HasAclFile = options.HasAclFile,
        // As it usually is: who asks a sentinel need not log in.
        Users = ["user default on nopass sanitize-payload ~* &* +@all", .. options.AdminUser == "default" ? Array.Empty<string>() : [$"user {options.AdminUser} on >{AdminPassword} ~* &* +@all"]],
        Configuration =
        [
            string.Create(CultureInfo.InvariantCulture, $"sentinel monitor {ServiceName} {Primary.Host} {Primary.Port} {(sentinels / 2) + 1}"),
            $"sentinel down-after-milliseconds {ServiceName} 3000",
            $"sentinel failover-timeout {ServiceName} 10000",
            $"sentinel auth-user {ServiceName} {options.AdminUser}",
            $"sentinel auth-pass {ServiceName} {AdminPassword}",
        ],
    };
}
