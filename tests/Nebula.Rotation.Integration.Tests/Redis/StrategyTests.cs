using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Two passwords at once, two names that take turns, a way back.</summary>
public abstract class StrategyTests(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : StrategyTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : StrategyTests(redis);

    public sealed class OnValkey(SharedValkey redis) : StrategyTests(redis);

    [Theory]
    [InlineData("standalone")]
    [InlineData("cluster")]
    public async Task A_login_takes_two_passwords_under_traffic_and_then_one(string kind)
    {
        await using var scene = await RedisScene.CreateAsync(await Deployment.GetAsync(redis, kind), change: credential => credential with { Strategy = RotationStrategy.DualPassword });
        var before = await scene.LiveAsync();
        await using (var traffic = new RedisTraffic(scene))
        {
            for (var rotation = 0; rotation < 3; rotation++)
            {
                await traffic.FlowsAsync();
                await scene.RotateAsync(Scene.Request(grace: TimeSpan.FromSeconds(1)));
                Assert.Empty(traffic.Failures);
            }

            await traffic.FlowsAsync();
            Assert.Empty(traffic.Failures);
        }

        var live = await scene.LiveAsync();
        Assert.Equal(scene.OldLogin, live.Username);
        foreach (var node in scene.Deployment.Nodes)
        {
            await (await node.OpenAsync(live.Username, live.Password.Reveal(), RedisScene.Ct)).DisposeAsync();
            await Assert.ThrowsAsync<RedisReplyException>(() => node.OpenAsync(before.Username, before.Password.Reveal(), RedisScene.Ct));
        }
    }

    [Fact]
    public async Task The_default_user_with_requirepass_and_masterauth_gets_another_password_everywhere_and_keeps_it_over_a_restart()
    {
        const string First = "first-password";
        await using var own = await ServerRequirement.OrSkip(
            () => OwnServers.StartAsync("sentinel", new()
            {
                Release = redis.Release,
                AdminUser = "default",
                AdminPassword = First,
                Users = ["user boss on >boss ~* &* +@all"],
                Configuration = [$"requirepass {First}"],
            }),
            Assert.Skip);
        await using var scene = await DefaultSceneAsync(own, First);

        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);

        var live = await scene.LiveAsync();
        Assert.Equal("default", live.Username);
        foreach (var node in own.Deployment.Nodes)
        {
            await Assert.ThrowsAsync<RedisReplyException>(() => node.OpenAsync("default", First, RedisScene.Ct));
            await AssertSettingsAsync(node, live);
            await using var boss = await node.OpenAsync("boss", "boss", RedisScene.Ct);
            Assert.Single((object?[])((object?[])(await boss.ExecuteAsync(["ACL", "GETUSER", "default"], RedisScene.Ct))!)[3]!);
        }

        foreach (var node in own.Deployment.Nodes)
        {
            await node.RestartAsync(RedisScene.Ct);
            await AssertSettingsAsync(node, live);
        }

        foreach (var replica in own.Deployment.Nodes.Skip(1))
        {
            await using var boss = await replica.OpenAsync("boss", "boss", RedisScene.Ct);
            await EventuallyAsync(async () => $"{await boss.ExecuteAsync(["INFO", "replication"], RedisScene.Ct)}".Contains("master_link_status:up", StringComparison.Ordinal));
        }

        Assert.All(await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, RedisScene.Ct), result => Assert.True(result.Succeeded, result.Message));
    }

    [Fact]
    public async Task The_default_user_gets_no_other_name()
    {
        await using var server = await ServerRequirement.OrSkip(
            () => RedisServer.StartAsync(new() { Release = redis.Release, Users = ["user default on >first ~* &* +@all", "user boss on >boss ~* &* +@all"], AdminUser = "boss", AdminPassword = "boss" }, RedisScene.Ct), Assert.Skip);
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(server));
        await scene.Service.ChangeAsync("app", DatabaseCredential.DefaultScope, new() { Apply = before => before with { Strategy = RotationStrategy.DualUser }, Login = new("default", new("first")) }, RedisScene.Ct);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
        Assert.Contains("DualPassword", exception.Message, StringComparison.Ordinal);
        await (await server.OpenAsync("default", "first", RedisScene.Ct)).DisposeAsync();
    }

    [Fact]
    public async Task Two_names_take_turns_on_every_node_and_the_idle_one_has_no_password()
    {
        var cluster = await redis.ClusterAsync();
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(cluster), change: credential => credential with { Strategy = RotationStrategy.AlternatingUsers });
        var (first, second) = (scene.OldLogin, scene.OldLogin + "_b");
        await using (var traffic = new RedisTraffic(scene))
        {
            for (var flip = 1; flip <= 4; flip++)
            {
                await traffic.FlowsAsync();
                var idle = (await scene.LiveAsync()).Username;
                // A right comes and one goes before each flip: the other login has had both wrong since its turn.
                foreach (var node in cluster.Nodes)
                    await node.ExecuteAsync(["ACL", "SETUSER", idle, "resetkeys", "~app:*", "~cache:*", $"~flip{flip}:*"]);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);

                var live = await scene.LiveAsync();
                Assert.Equal(flip % 2 == 0 ? first : second, live.Username);
                foreach (var node in cluster.Nodes)
                {
                    var user = await node.ReadAsync("ACL", "LIST");
                    Assert.Contains(user, line => line.StartsWith($"user {idle} off ", StringComparison.Ordinal) && !line.Contains('#', StringComparison.Ordinal));
                    Assert.Contains(user, line => line.StartsWith($"user {live.Username} on ", StringComparison.Ordinal) && line.Contains($"~flip{flip}:*", StringComparison.Ordinal) && !line.Contains($"~flip{flip - 1}:*", StringComparison.Ordinal));
                }
            }

            Assert.Empty(traffic.Failures);
        }

        var snapshot = await scene.ReadAsync(first + "_b");
        Assert.True(snapshot is { Exists: true, CanLogIn: false });
    }

    [Fact]
    public async Task An_undo_brings_the_old_login_back_under_traffic()
    {
        await using var scene = await RedisScene.CreateAsync(await Deployment.GetAsync(redis, "standalone"));
        await using var traffic = new RedisTraffic(scene);
        await traffic.FlowsAsync();
        Assert.Equal(RotationState.Retained, (await scene.RotateAsync(Scene.Request(retain: TimeSpan.FromHours(1)))).State);
        await traffic.FlowsAsync();

        await scene.Service.UndoAsync(Scene.Request(), new Observer(), RedisScene.Ct);
        await traffic.FlowsAsync();

        Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
        Assert.Empty(traffic.Failures);
    }

    [Fact]
    public async Task Sessions_of_every_kind_are_waited_for_and_only_ended_when_told()
    {
        await using var scene = await RedisScene.CreateAsync(await Deployment.GetAsync(redis, "standalone"));
        await using var blocked = await scene.Server.OpenAsync(scene.OldLogin, RedisScene.OldPassword, RedisScene.Ct);
        await blocked.SendAsync(["BLPOP", "app:never", "0"], RedisScene.Ct);
        await using var subscriber = await scene.Server.OpenAsync(scene.OldLogin, RedisScene.OldPassword, RedisScene.Ct);
        await subscriber.ExecuteAsync(["SUBSCRIBE", "app.never"], RedisScene.Ct);

        var record = await scene.RotateAsync(RedisScene.Request(drainTimeout: TimeSpan.FromMilliseconds(200)));
        Assert.Equal(RotationState.Draining, record.State);
        await using (var admin = await scene.ConnectAdminAsync())
        {
            var seen = (await admin.ListSessionsAsync(scene.OldLogin, RedisScene.Ct)).Seen;
            Assert.Equal(["blocked in blpop", "subscribed (1)"], seen.Select(session => session.State).Order());
            Assert.Equal(0, (await admin.EndSessionsAsync(scene.OldLogin, TimeSpan.FromHours(1), RedisScene.Ct)).Count);
        }

        record = await scene.Service.ResumeAsync(
            RedisScene.Request(drainTimeout: TimeSpan.Zero, onDrainTimeout: DrainTimeoutAction.Terminate), new Observer(), RedisScene.Ct);
        Assert.Equal(RotationState.Completed, record.State);
        await Assert.ThrowsAnyAsync<IOException>(() => blocked.ReadAsync(RedisScene.Ct));
        await scene.AssertOnlyAsync(await scene.LiveAsync(), scene.OldLogin);
    }

    private static async Task<RedisScene> DefaultSceneAsync(OwnServers own, string password)
    {
        // The scene's own login is made, and then the credential is told of the other one.
        var scene = await RedisScene.CreateAsync(own.Deployment);
        await scene.Service.ChangeAsync(
            "app",
            DatabaseCredential.DefaultScope,
            new() { Apply = before => before with { Strategy = RotationStrategy.DualPassword }, Login = new("default", new(password)), Admin = new("boss", new("boss")) },
            RedisScene.Ct);
        return scene;
    }

    private static async Task AssertSettingsAsync(RedisServer node, Login live)
    {
        await using var connection = await node.OpenAsync("default", live.Password.Reveal(), RedisScene.Ct);
        foreach (var setting in new[] { "requirepass", "masterauth" })
            Assert.Equal(live.Password.Reveal(), ((object?[])(await connection.ExecuteAsync(["CONFIG", "GET", setting], RedisScene.Ct))!)[1]);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(RedisScene.Ct);
        patience.CancelAfter(Eventually.Limit);
        while (!await condition())
            await Task.Delay(50, patience.Token);
    }
}
