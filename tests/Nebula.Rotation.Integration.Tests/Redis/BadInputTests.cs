using System.Diagnostics;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>What goes wrong: a clear word, and a login on all nodes or on none.</summary>
public abstract class BadInputTests(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : BadInputTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : BadInputTests(redis);

    public sealed class OnValkey(SharedValkey redis) : BadInputTests(redis);

    [Fact]
    public async Task An_ACL_file_that_cannot_be_written_on_one_node_leaves_the_new_login_on_none()
    {
        await using var own = await OwnAsync("sentinel", new() { Release = redis.Release, HasAclFile = true });
        await using var scene = await RedisScene.CreateAsync(own.Deployment);
        own.Deployment.Nodes[2].SetReadOnly(true);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        own.Deployment.Nodes[2].SetReadOnly(false);
        Assert.Contains("ACL SAVE", exception.Message, StringComparison.Ordinal);
        Assert.Contains(own.Deployment.Nodes[2].Endpoint, exception.Message, StringComparison.Ordinal);
        var record = Assert.Single(await scene.Store.ListRotationsAsync(new(), RedisScene.Ct));
        Assert.Equal(RotationState.RolledBack, record.State);
        await scene.AssertOnlyAsync(await scene.LiveAsync(), record.NewUsername);
        foreach (var node in own.Deployment.Nodes)
            Assert.DoesNotContain(record.NewUsername, await File.ReadAllTextAsync(node.AclPath, RedisScene.Ct), StringComparison.Ordinal);
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    [Theory]
    [InlineData(RotationStage.Prepare, RotationState.RolledBack)]
    [InlineData(RotationStage.ClonePermissions, RotationState.RolledBack)]
    [InlineData(RotationStage.Drain, RotationState.Completed)]
    public async Task A_node_that_goes_down_behind_a_stage_leaves_a_state_that_Resume_finishes(RotationStage stage, RotationState end)
    {
        await using var own = await OwnAsync("sentinel", new() { Release = redis.Release });
        await using var scene = await RedisScene.CreateAsync(own.Deployment);
        var victim = own.Deployment.Nodes[1];
        var observer = new Observer
        {
            Staged = result =>
            {
                if (result.Stage == stage && result.Status == StageStatus.Succeeded)
                    Kill(victim);
            },
        };

        // However long a node that is down is waited for, it does not come.
        await using var impatient = Scene.NewService(await Scene.OpenStoreAsync(scene.StorePath), Scene.Timing with { VerifyBudget = TimeSpan.FromSeconds(3) });
        var exception = await Assert.ThrowsAsync<RotationException>(() => impatient.RotateAsync(Scene.Request(), observer, RedisScene.Ct));

        Assert.Contains(victim.Endpoint, exception.Message, StringComparison.Ordinal);
        var record = Assert.Single(await scene.Store.ListRotationsAsync(new(), RedisScene.Ct));
        Assert.Equal(end == RotationState.Completed ? RotationState.Draining : RotationState.RollbackFailed, record.State);
        await (await own.Deployment.First.OpenAsync((await scene.LiveAsync()).Username, (await scene.LiveAsync()).Password.Reveal(), RedisScene.Ct)).DisposeAsync();

        await victim.StartAgainAsync(RedisScene.Ct);
        Assert.Equal(end, (await scene.Service.ResumeAsync(Scene.Request(), new Observer(), RedisScene.Ct)).State);
        await scene.AssertOnlyAsync(await scene.LiveAsync(), end == RotationState.Completed ? scene.OldLogin : record.NewUsername);
    }

    [Fact]
    public async Task A_node_that_is_down_beforehand_is_named_and_nothing_is_changed()
    {
        await using var own = await OwnAsync("cluster", new() { Release = redis.Release });
        await using var scene = await RedisScene.CreateAsync(own.Deployment);
        var victim = own.Deployment.Nodes[5];
        Kill(victim);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.ServerUnreachable, exception.Code);
        Assert.Contains(victim.Endpoint, exception.Message, StringComparison.Ordinal);
        Assert.Empty(await scene.Store.ListRotationsAsync(new(), RedisScene.Ct));
        await victim.StartAgainAsync(RedisScene.Ct);
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_even_where_the_default_user_needs_none()
    {
        await using var server = await ServerRequirement.OrSkip(
            () => RedisServer.StartAsync(
                new() { Release = redis.Release, Users = ["user default on nopass ~* &* +@all", "user admin on >x ~* &* +@all", "user app on >right ~* &* +@all", "user narrow on >right", "user off off >right +@all"], AdminPassword = "x" },
                RedisScene.Ct),
            Assert.Skip);
        var (engine, credential) = (new RedisEngine(), RedisScene.CredentialFor(Deployment.Of(server), "app"));

        async Task<CredentialTestResult> CheckAsync(string user, string password) =>
            Assert.Single(await engine.CheckLoginAsync(credential, new(user, new(password)), null, RedisScene.Ct));

        Assert.True((await CheckAsync("app", "right")).Succeeded);
        // A login that may do nothing at all, not even ask who it is.
        Assert.True((await CheckAsync("narrow", "right")).Succeeded);
        foreach (var (user, password) in new[] { ("app", "wrong"), ("nobody", "right"), ("off", "right") })
        {
            var result = await CheckAsync(user, password);
            Assert.Equal((false, RotationErrorCode.AuthenticationFailed), (result.Succeeded, result.ErrorCode));
        }

        await server.ExecuteAsync("ACL", "DELUSER", "app");
        Assert.False((await CheckAsync("app", "right")).Succeeded);
        var refused = await Assert.ThrowsAsync<RotationException>(() => engine.ConnectAdminAsync(credential, new("admin", new("wrong")), RedisScene.Ct));
        Assert.Equal(RotationErrorCode.AdminAuthenticationFailed, refused.Code);
    }

    [Theory]
    [InlineData("+@all -acl", "ACL GETUSER")]
    [InlineData("+@all -client|kill -config|rewrite", "+client|kill +config|rewrite")]
    [InlineData("+@all -info", "INFO")]
    public async Task An_admin_without_a_right_is_told_which(string rules, string right)
    {
        var server = await redis.ServerAsync();
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(server));
        var admin = $"{scene.OldLogin}_admin";
        await server.ExecuteAsync(["ACL", "SETUSER", admin, "on", ">admin", "~*", "&*", .. rules.Split(' ')]);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(RedisScene.Request(admin: new(admin, new("admin")))));

        await server.ExecuteAsync("ACL", "DELUSER", admin);
        Assert.Equal(RotationErrorCode.AdminPrivilegeMissing, exception.Code);
        Assert.Contains(right, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nopass", "nopass")]
    [InlineData(">second", "2 passwords")]
    public async Task A_login_that_could_not_be_made_again_is_a_blocker(string rule, string word)
    {
        var server = await redis.ServerAsync();
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(server));
        await server.ExecuteAsync("ACL", "SETUSER", scene.OldLogin, rule);

        foreach (var strategy in new[] { RotationStrategy.DualUser, RotationStrategy.DualPassword })
        {
            var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(RedisScene.Request(strategy: strategy)));
            // With nopass, AUTH with any password is let in, and the plan says why not to go on.
            Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
            Assert.Contains(word, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_quote_in_anybodys_pattern_is_a_blocker_where_a_restart_would_fail_on_it_and_none_where_not()
    {
        foreach (var hasAclFile in new[] { false, true })
        {
            await using var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { Release = redis.Release, HasAclFile = hasAclFile }, RedisScene.Ct), Assert.Skip);
            await using var scene = await RedisScene.CreateAsync(Deployment.Of(server), "\"~x\\\"y\" \"~it's\" +@all");
            await server.ExecuteAsync("ACL", "SETUSER", "somebody", "~\"z\"");
            if (hasAclFile)
            {
                var may = await AclOracle.ReadAsync(server, scene.OldLogin);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
                await server.RestartAsync(RedisScene.Ct);
                var live = await scene.LiveAsync();
                await scene.AssertOnlyAsync(live, scene.OldLogin);
                Assert.Equal(may, await AclOracle.ReadAsync(server, live.Username));
                await server.ExecuteAsync("ACL", "SETUSER", "somebody", "(~'q +get)".Replace("'q", "\"a'b\"", StringComparison.Ordinal));
            }

            var plan = await scene.Service.PlanAsync(Scene.Request(), RedisScene.Ct);
            Assert.Contains(plan.Blockers, blocker => blocker.ObjectName.Contains("somebody", StringComparison.Ordinal) && blocker.Reason.Contains("quote", StringComparison.Ordinal));
            Assert.Equal(RotationErrorCode.PlanBlocked, (await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync())).Code);
        }
    }

    [Fact]
    public async Task A_server_without_a_file_is_rotated_and_the_plan_says_that_a_restart_forgets()
    {
        await using var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { Release = redis.Release, HasConfigFile = false }, RedisScene.Ct), Assert.Skip);
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(server));
        List<string> said = [];

        await scene.RotateAsync(observer: new() { Said = (_, message) => said.Add(message) });

        Assert.Contains(said, message => message.Contains("a restart forgets", StringComparison.Ordinal));
        await scene.AssertOnlyAsync(await scene.LiveAsync(), scene.OldLogin);
    }

    [Theory]
    [InlineData("AUTH=-ERR wrong number of arguments for 'auth' command", RotationErrorCode.UnsupportedServer, "Redis 6")]
    [InlineData("AUTH=+OK INFO=5 ACL=-ERR unknown command `ACL`, with args beginning with: `WHOAMI`, ", RotationErrorCode.UnsupportedServer, "5.0.14")]
    [InlineData("AUTH=+OK INFO=6 ACL=-ERR unknown command `ACL`, with args beginning with: `WHOAMI`, ", RotationErrorCode.UnsupportedServer, "Redis 6")]
    [InlineData("AUTH=-DENIED Redis is running in protected mode because protected mode is enabled", RotationErrorCode.ServerUnreachable, "protected mode")]
    [InlineData("AUTH=-LOADING Redis is loading the dataset in memory", RotationErrorCode.ServerUnreachable, "loading")]
    [InlineData("AUTH=HTTP/1.1 400 Bad Request", RotationErrorCode.UnsupportedServer, "protocol of Redis")]
    public async Task What_is_no_server_for_us_is_told_apart(string script, RotationErrorCode code, string word)
    {
        var answers = script.Replace("INFO=", "\nINFO=", StringComparison.Ordinal).Replace("ACL=", "\nACL=", StringComparison.Ordinal)
            .Split('\n').Select(line => line.Trim().Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        await using var server = new ScriptedServer(command => answers.GetValueOrDefault(command) switch
        {
            "5" => Bulk("redis_version:5.0.14\r\nredis_mode:standalone"),
            "6" => Bulk("redis_version:6.2.0\r\nredis_mode:standalone"),
            { } answer => answer,
            _ => "+OK",
        });
        var credential = RedisScene.CredentialFor(new([$"127.0.0.1:{server.Port}"], [await redis.ServerAsync()], []), "app");

        var exception = await Assert.ThrowsAsync<RotationException>(() => new RedisEngine().ConnectAdminAsync(credential, new("admin", new("secret")), RedisScene.Ct));

        Assert.Equal(code, exception.Code);
        Assert.Contains(word, exception.Message + exception.RecommendedAction, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
    }

    private static string Bulk(string text) => $"${text.Length}\r\n{text}";

    private static void Kill(RedisServer server)
    {
        using var process = Process.GetProcessById(server.ProcessId);
        process.Kill();
        Assert.True(SpinWait.SpinUntil(() => server.HasEnded, Eventually.Limit));
    }

    private static async Task<OwnServers> OwnAsync(string kind, RedisServerOptions options) => await ServerRequirement.OrSkip(() => OwnServers.StartAsync(kind, options), Assert.Skip);
}
