using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>What a rotation costs does not grow with what a login has.</summary>
public abstract class RoundTripCountTests(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : RoundTripCountTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : RoundTripCountTests(redis);

    public sealed class OnValkey(SharedValkey redis) : RoundTripCountTests(redis);

    [Theory]
    [InlineData("standalone")]
    [InlineData("cluster")]
    public async Task A_login_with_a_thousand_rules_takes_as_many_round_trips_as_one_with_few(string kind)
    {
        var deployment = await Deployment.GetAsync(redis, kind);
        var few = await CountAsync(deployment, "~app:* +get");
        var many = await CountAsync(deployment, $"{string.Join(' ', Enumerable.Range(0, 1000).Select(n => $"~key{n}:* &channel{n}"))} -@all {string.Join(' ', new[] { "get", "set", "del", "mget", "incr", "lpush" }.Select(command => "+" + command))}");

        Assert.Equal(few, many);
        // Two snapshots (others, user; the first one also INFO, ACL CAT, and each category), a unit (others, what was, the change, what keeps it).
        Assert.InRange(few, 5, 20);
    }

    private static async Task<int> CountAsync(Deployment deployment, string rules)
    {
        await using var scene = await RedisScene.CreateAsync(deployment, rules);
        await using var admin = (RedisAdminConnection)await scene.ConnectAdminAsync();
        var (planner, target) = (new RedisPlanner(), scene.OldLogin + "_t");
        var plan = planner.PlanClone(await admin.ReadSnapshotAsync(scene.OldLogin, RedisScene.Ct), await admin.ReadSnapshotAsync(target, RedisScene.Ct));
        await using (var unit = await admin.BeginAsync(RedisScene.Ct))
            await unit.ApplyAsync([.. plan.CreateStatements, .. plan.CloneStatements], new(target, new("x")), RedisScene.Ct);
        return admin.RoundTrips;
    }
}
