using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>The test servers themselves: they are what they are called, and end with the run.</summary>
public abstract class RedisServerTests(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : RedisServerTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : RedisServerTests(redis);

    public sealed class OnValkey(SharedValkey redis) : RedisServerTests(redis);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_is_the_release_that_was_asked_for_and_lets_nobody_in_without_a_password()
    {
        var server = await redis.ServerAsync();

        var info = (string)(await server.ExecuteAsync("INFO", "server"))!;

        Assert.Contains(
            redis.Release switch { RedisRelease.Redis8 => "redis_version:8.", RedisRelease.Valkey => "valkey_version:", _ => "redis_version:7." },
            info,
            StringComparison.Ordinal);
        await using var stranger = await RedisConnection.OpenAsync(server.Host, server.Port, null, null, Ct);
        await Assert.ThrowsAsync<RedisReplyException>(() => stranger.ExecuteAsync(["GET", "x"], Ct));
    }

    [Fact]
    public async Task A_saved_user_is_there_after_a_restart_and_an_unsaved_one_is_not()
    {
        foreach (var hasAclFile in new[] { true, false })
        {
            await using var server = await ServerRequirement.OrSkip(
                () => RedisServer.StartAsync(new() { Release = redis.Release, HasAclFile = hasAclFile }, Ct), Assert.Skip);
            await server.ExecuteAsync("ACL", "SETUSER", "saved", "on", ">one", "+ping");
            await server.ExecuteAsync(hasAclFile ? ["ACL", "SAVE"] : ["CONFIG", "REWRITE"]);
            await server.ExecuteAsync("ACL", "SETUSER", "lost", "on", ">two", "+ping");
            await server.RestartAsync(Ct);
            await using var saved = await server.OpenAsync("saved", "one", Ct);
            await Assert.ThrowsAsync<RedisReplyException>(() => server.OpenAsync("lost", "two", Ct));
        }
    }

    [Fact]
    public async Task A_primary_has_two_replicas_and_three_sentinels()
    {
        var replication = await redis.ReplicationAsync();

        Assert.Contains("role:master", (string)(await replication.Primary.ExecuteAsync("INFO", "replication"))!, StringComparison.Ordinal);
        Assert.Equal((3, 3), (replication.Nodes.Count, replication.Sentinels.Count));
    }

    [Fact]
    public async Task A_cluster_has_three_primaries_and_three_replicas()
    {
        var cluster = await redis.ClusterAsync();

        foreach (var node in cluster.Nodes)
            Assert.Contains("cluster_known_nodes:6", (string)(await node.ExecuteAsync("CLUSTER", "INFO"))!, StringComparison.Ordinal);
    }
}
