using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Many rotations in a row under an application's traffic.</summary>
public abstract class EnduranceTests(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : EnduranceTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : EnduranceTests(redis);

    public sealed class OnValkey(SharedValkey redis) : EnduranceTests(redis);

    /// <summary>More where NEBULA_TEST_ROTATIONS says so.</summary>
    private static int Rotations { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("NEBULA_TEST_ROTATIONS"), System.Globalization.CultureInfo.InvariantCulture, out var wanted) ? wanted : 5;

    [Theory]
    [InlineData("standalone")]
    [InlineData("sentinel")]
    [InlineData("cluster")]
    public async Task Rotations_under_traffic_fail_no_command(string kind)
    {
        await using var scene = await RedisScene.CreateAsync(await Deployment.GetAsync(redis, kind));
        foreach (var node in scene.Deployment.Nodes)
            await node.ExecuteAsync("ACL", "LOG", "RESET");
        HashSet<string> names = [scene.OldLogin];
        await using (var traffic = new RedisTraffic(scene))
        {
            for (var rotation = 0; rotation < Rotations; rotation++)
            {
                await traffic.FlowsAsync();
                var before = await scene.LiveAsync();
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
                var live = await scene.LiveAsync();
                Assert.True(names.Add(live.Username), "the name was used before");
                await scene.AssertOnlyAsync(live, before.Username);
                Assert.Empty(traffic.Failures);
            }

            await traffic.FlowsAsync();
            Assert.Empty(traffic.Failures);
            TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {Rotations} rotations, {traffic.Commands} commands, {traffic.Pops} pops, {traffic.Messages} messages, no failure");
        }

        // The servers' own word: none of these logins was refused.
        foreach (var node in scene.Deployment.Nodes)
        {
            var log = (object?[])(await node.ExecuteAsync("ACL", "LOG", "1000"))!;
            Assert.DoesNotContain(log.Cast<object?[]>(), entry => entry.Contains("auth") && entry.OfType<string>().Any(names.Contains));
        }
    }
}
