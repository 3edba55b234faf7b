using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>One login on many nodes: on all or on none, however they are found.</summary>
public abstract class TopologyTests(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : TopologyTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : TopologyTests(redis);

    public sealed class OnValkey(SharedValkey redis) : TopologyTests(redis);

    [Theory]
    [InlineData("sentinel", 3)]
    [InlineData("cluster", 6)]
    public async Task A_login_is_tested_on_every_node_and_is_there_after_all_of_them_were_restarted(string kind, int nodes)
    {
        // Restarted: servers of its own.
        await using var own = await OwnAsync(kind);
        await using var scene = await RedisScene.CreateAsync(own.Deployment);

        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);

        var live = await scene.LiveAsync();
        await scene.AssertOnlyAsync(live, scene.OldLogin);
        var results = await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, RedisScene.Ct);
        Assert.Equal(own.Deployment.Nodes.Select(node => node.Endpoint).Order(), results.Select(result => result.Endpoint).Order());
        Assert.Equal(nodes, results.Count);
        Assert.All(results, result => Assert.True(result.Succeeded, result.Message));
        Assert.All(results, result => Assert.Empty(result.Drift!));

        foreach (var node in own.Deployment.Nodes)
            await node.RestartAsync(RedisScene.Ct);
        await scene.AssertOnlyAsync(live, scene.OldLogin);
    }

    [Fact]
    public async Task Nodes_are_found_from_a_replica_alone()
    {
        var replication = await redis.ReplicationAsync();
        await using var scene = await RedisScene.CreateAsync(new([replication.Nodes[2].Endpoint], replication.Nodes, []));

        await scene.RotateAsync();

        await scene.AssertOnlyAsync(await scene.LiveAsync(), scene.OldLogin);
    }

    [Fact]
    public async Task A_login_that_sentinels_have_too_is_rotated_there_and_one_with_another_password_is_left_alone()
    {
        var replication = await redis.ReplicationAsync();
        await using var both = await RedisScene.CreateAsync(Deployment.Of(replication), onSentinels: true);
        await both.RotateAsync();
        var live = await both.LiveAsync();
        Assert.All(await both.WhereAsync(live.Username, onSentinels: true), Assert.True);
        Assert.All(await both.WhereAsync(both.OldLogin, onSentinels: true), Assert.False);
        foreach (var sentinel in replication.Sentinels)
            await (await sentinel.OpenAsync(live.Username, live.Password.Reveal(), RedisScene.Ct)).DisposeAsync();

        await using var other = await RedisScene.CreateAsync(Deployment.Of(replication));
        foreach (var sentinel in replication.Sentinels)
            await sentinel.ExecuteAsync("ACL", "SETUSER", other.OldLogin, "on", ">another", "+ping");
        await other.RotateAsync();
        Assert.All(await other.WhereAsync(other.OldLogin, onSentinels: true), Assert.True);
        Assert.All(await other.WhereAsync((await other.LiveAsync()).Username, onSentinels: true), Assert.False);
    }

    [Fact]
    public async Task Replicas_and_sentinels_that_log_in_as_the_login_follow_before_it_goes()
    {
        await using var own = await OwnAsync("sentinel");
        await using var scene = await RedisScene.CreateAsync(own.Deployment, "~* &* +@all");
        foreach (var node in own.Deployment.Nodes)
            await node.ExecuteAsync("CONFIG", "SET", "masteruser", scene.OldLogin, "masterauth", RedisScene.OldPassword);
        foreach (var sentinel in own.Deployment.Sentinels)
            await sentinel.ExecuteAsync("SENTINEL", "SET", RedisReplication.ServiceName, "auth-user", scene.OldLogin, "auth-pass", RedisScene.OldPassword);
        foreach (var node in own.Deployment.Nodes)
            await node.ExecuteAsync("CLIENT", "KILL", "USER", own.Deployment.First.AdminUser);
        await LogInAsAsync(own.Deployment, scene.OldLogin);
        var plan = await scene.Service.PlanAsync(Scene.Request(), RedisScene.Ct);
        Assert.Equal(6, plan.Facts.Count(fact => fact.IsExclusive));
        Assert.DoesNotContain(plan.Statements, statement => statement.Text.Contains(RedisScene.OldPassword, StringComparison.Ordinal));

        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);

        var live = await scene.LiveAsync();
        await scene.AssertOnlyAsync(live, scene.OldLogin);
        await LogInAsAsync(own.Deployment, live.Username);
        foreach (var node in own.Deployment.Nodes)
            Assert.Equal(live.Username, (await node.ReadAsync("CONFIG", "GET", "masteruser"))[1]);

        // What was told was kept: after a restart of each they still find together, and the primary's death is noticed and survived.
        foreach (var server in own.Deployment.Nodes.Skip(1).Concat(own.Deployment.Sentinels))
            await server.RestartAsync(RedisScene.Ct);
        await LogInAsAsync(own.Deployment, live.Username);
    }

    [Fact]
    public async Task A_node_that_joins_later_is_named_by_Test_and_brought_up_to_date_by_Resume()
    {
        await using var own = await OwnAsync("sentinel");
        await using var scene = await RedisScene.CreateAsync(own.Deployment);
        await scene.RotateAsync();
        var live = await scene.LiveAsync();
        var late = await own.Replication!.AddReplicaAsync(new() { Release = redis.Release, Configuration = [$"masteruser admin", $"masterauth {own.Replication.AdminPassword}"] }, RedisScene.Ct);
        await own.Replication.SettleAsync(RedisScene.Ct);

        var results = await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, RedisScene.Ct);
        Assert.Equal(late.Endpoint, Assert.Single(results, result => !result.Succeeded).Endpoint);
        var refused = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());
        Assert.Contains(late.Endpoint, refused.Message, StringComparison.Ordinal);

        List<string> said = [];
        await scene.Service.ResumeAsync(Scene.Request(), new Observer { Said = (_, message) => said.Add(message) }, RedisScene.Ct);

        Assert.Contains(said, message => message.Contains(late.Endpoint, StringComparison.Ordinal));
        await (await late.OpenAsync(live.Username, live.Password.Reveal(), RedisScene.Ct)).DisposeAsync();
        results = await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, RedisScene.Ct);
        Assert.Equal((4, true), (results.Count, results.All(result => result.Succeeded)));
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
        await scene.AssertOnlyAsync(await scene.LiveAsync(), live.Username);
        Assert.Null(await late.ExecuteAsync("ACL", "GETUSER", live.Username));
    }

    [Fact]
    public async Task A_node_that_comes_to_differ_is_a_blocker_that_is_named()
    {
        var cluster = await redis.ClusterAsync();
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(cluster));
        await cluster.Nodes[4].ExecuteAsync("ACL", "SETUSER", scene.OldLogin, "-get");

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
        Assert.Contains(cluster.Nodes[4].Endpoint, exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Every link of a replica and every sentinel is up, as that login.</summary>
    private static async Task LogInAsAsync(Deployment deployment, string login)
    {
        foreach (var replica in deployment.Nodes.Skip(1))
            await RedisWait.UntilAsync(replica, ["INFO", "replication"], text => text.Contains("master_link_status:up", StringComparison.Ordinal), RedisScene.Ct);
        await RedisWait.UntilAsync(
            deployment.First,
            ["CLIENT", "LIST"],
            text => text.Split('\n').Count(line => line.Contains($"user={login} ", StringComparison.Ordinal) && line.Contains(" flags=S ", StringComparison.Ordinal)) == deployment.Nodes.Count - 1
                && text.Split('\n').Count(line => line.Contains($"user={login} ", StringComparison.Ordinal) && line.Contains("-cmd ", StringComparison.Ordinal)) == deployment.Sentinels.Count,
            RedisScene.Ct);
    }

    private async Task<OwnServers> OwnAsync(string kind) => await ServerRequirement.OrSkip(() => OwnServers.StartAsync(kind, new() { Release = redis.Release }), Assert.Skip);
}
