using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Every form of rule in the server's documentation (ACL SETUSER, "List of ACL rules"), through a whole rotation.</summary>
public abstract class RoundTripTests(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : RoundTripTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : RoundTripTests(redis);

    public sealed class OnValkey(SharedValkey redis) : RoundTripTests(redis);

    public static TheoryData<string> Forms =>
    [
        "~* &* +@all",
        "-@all",
        "allkeys allchannels allcommands",
        "~app:* +get +set -get",
        "~app:*:{tag} ~cache:[a-z]? ~* resetkeys ~b +@read",
        "%R~ro:* %W~wo:* %RW~a ~b +@all",
        "&app.* &news +@pubsub resetchannels &sel.* +ping",
        "+@all -@dangerous +config|get -client|kill",
        "-@all +config|get +client|id +client|setname +acl|whoami",
        "+@read -@write +@all -@admin +acl|cat",
        "+select|0 ~a +get",
        "skip-sanitize-payload ~* +restore",
        "~a +get (+set ~sel:* &sel.*) (%R~ro:* +@read -get)",
        "~a +get \"(~s'q +set)\" clearselectors (+@all -@write ~b)",
        "~ä &ch? +@string +@fast -@slow +@scripting",
        "+@all -debug -flushall -keys ~app:*",
        "~a +@list +@set +@sortedset +@hash +@bitmap +@hyperloglog +@geo +@stream +@keyspace +@connection +@transaction +@blocking",
    ];

    [Fact]
    public async Task Every_form_of_rule_is_the_same_for_the_next_login_and_after_a_restart()
    {
        List<string> forms = [.. Forms.Select(form => form.Data)];
        if (redis.Release == RedisRelease.Valkey)
            forms.AddRange(["~a +get +select db=0,2", "~a +get +select resetdbs (db=1 ~sel:* +set +select)"]);
        await using var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { Release = redis.Release, HasAclFile = true }, RedisScene.Ct), Assert.Skip);
        var after = new List<(string Form, Login Login, IReadOnlyList<string> May)>();
        foreach (var form in forms)
        {
            await using var scene = await RedisScene.CreateAsync(Deployment.Of(server), form);
            var (may, text) = (await AclOracle.ReadAsync(server, scene.OldLogin), await TextAsync(server, scene.OldLogin));

            Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);

            var live = await scene.LiveAsync();
            await scene.AssertOnlyAsync(live, scene.OldLogin);
            Assert.Equal(may, await AclOracle.ReadAsync(server, live.Username));
            Assert.Equal(text, await TextAsync(server, live.Username));
            // Kept beyond this scene, to be asked again.
            var kept = $"kept_{after.Count}";
            await server.ExecuteAsync(["ACL", "SETUSER", kept, "reset", "on", ">kept", .. RedisDialect.Split(form)]);
            after.Add((form, live, may));
            Assert.Equal(may, await AclOracle.ReadAsync(server, kept));
        }
    }

    [Fact]
    public async Task After_a_restart_the_new_login_may_do_the_same_and_the_old_one_is_gone()
    {
        foreach (var hasAclFile in new[] { true, false })
        {
            await using var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { Release = redis.Release, HasAclFile = hasAclFile }, RedisScene.Ct), Assert.Skip);
            await using var scene = await RedisScene.CreateAsync(Deployment.Of(server), "%R~ro:* ~app:* &app.* -@all +@read -get +@write +set +config|get (+get ~sel:*)");
            var may = await AclOracle.ReadAsync(server, scene.OldLogin);
            await scene.RotateAsync();
            var live = await scene.LiveAsync();

            await server.RestartAsync(RedisScene.Ct);

            await scene.AssertOnlyAsync(live, scene.OldLogin);
            Assert.Equal(may, await AclOracle.ReadAsync(server, live.Username));
            // The text may be another one now; that it means the same is what the next rotation goes by.
            Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
        }
    }

    [Fact]
    public async Task A_rule_that_is_switched_off_is_noticed_by_the_proof()
    {
        var server = await redis.ServerAsync();
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(server), "skip-sanitize-payload ~a &b +get (+set ~c)");
        foreach (var rule in RedisPlanner.AllRules)
        {
            if (rule.Name == "Databases" && redis.Release != RedisRelease.Valkey)
                continue;
            if (rule.Name == "Databases")
                await server.ExecuteAsync("ACL", "SETUSER", scene.OldLogin, "resetdbs", "db=1");
            var planner = new RedisPlanner([.. RedisPlanner.AllRules.Where(other => other != rule)]);
            await using var admin = await scene.ConnectAdminAsync();
            var source = await admin.ReadSnapshotAsync(scene.OldLogin, RedisScene.Ct);
            if (!source.Facts.Any(rule.Handles))
            {
                // Valkey takes the flag and forgets it.
                Assert.Equal(("Flag", RedisRelease.Valkey), (rule.Name, redis.Release));
                continue;
            }

            var target = $"{scene.OldLogin}_{rule.Name}";
            var plan = planner.PlanClone(source, await admin.ReadSnapshotAsync(target, RedisScene.Ct));
            await using (var unit = await admin.BeginAsync(RedisScene.Ct))
            {
                await unit.ApplyAsync([.. plan.CreateStatements, .. plan.CloneStatements], new(target, new("x")), RedisScene.Ct);
                var diff = planner.Compare(source, await admin.ReadSnapshotAsync(target, RedisScene.Ct), afterMove: false);
                Assert.False(diff.IsEmpty, $"without the rule {rule.Name} nothing is missing");
                Assert.All(diff.Missing, fact => Assert.True(rule.Handles(fact), $"{rule.Name}: {fact}"));
            }

            // Not committed: taken back.
            Assert.Null(await server.ExecuteAsync("ACL", "GETUSER", target));
        }
    }

    /// <summary>The user's line without its name and password.</summary>
    private static async Task<string> TextAsync(RedisServer server, string user)
    {
        var line = (await server.ReadAsync("ACL", "LIST")).Single(line => line.StartsWith($"user {user} ", StringComparison.Ordinal));
        return string.Join(' ', line.Split(' ').Skip(2).Where(word => word[0] != '#'));
    }
}
