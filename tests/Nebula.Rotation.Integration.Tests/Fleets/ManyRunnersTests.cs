using System.Diagnostics;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>Several runners, each a process of its own, that know of each other by the store alone.</summary>
public sealed class ManyRunnersTests(SharedPostgres postgres, SharedPostgres18 postgres18, SharedMariaDb mariaDb, SharedRedis redis)
{
    private const int Runners = 4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Four_runners_rotate_what_is_due_exactly_once_though_one_of_them_is_killed(bool storeIsShared)
    {
        var size = FleetScene.Size();
        await using var scene = await FleetScene.CreateAsync(postgres, postgres18, mariaDb, redis, size, storeIsShared);
        var clock = Stopwatch.StartNew();
        var runners = Enumerable.Range(0, Runners).Select(_ => FleetProcess.Start(scene.Home)).ToList();
        try
        {
            var codes = await Task.WhenAll(runners.Select((runner, index) => runner.EndAsync(killAfter: index == 0 ? Math.Max(1, size / 10) : null)));
            foreach (var runner in runners)
            {
                TestContext.Current.TestOutputHelper!.WriteLine(
                    $"rotated {runner.Rotated.Count} ({runner.RotatingTime.TotalSeconds:0.0} s); came too late: {string.Join(", ", runner.Lost)} ({runner.LostTime.TotalSeconds:0.0} s); {string.Join("; ", runner.Said)}");
            }

            TestContext.Current.TestOutputHelper!.WriteLine($"{size} credentials in {clock.Elapsed.TotalSeconds:0.0} s");
            Assert.Equal([FleetProcess.Killed, 0, 0, 0], codes);
        }
        finally
        {
            runners.ForEach(runner => runner.Dispose());
        }

        await scene.AssertRotatedAsync(times: 1);
        Assert.All(runners.Skip(1), runner => Assert.NotEmpty(runner.Rotated));
    }

    [Fact]
    public async Task Over_four_servers_many_at_once_take_less_time_than_one_after_the_other()
    {
        var size = FleetScene.Size(16);
        await using var scene = await FleetScene.CreateAsync(postgres, postgres18, mariaDb, redis, size);
        // What is compiled and connected the first time is not what is compared.
        await RunAsync(scene, throttleLimit: 8);
        var serial = await RunAsync(scene, throttleLimit: 1);
        var parallel = await RunAsync(scene, throttleLimit: 8);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{size} credentials: {serial.TotalSeconds:0.0} s one after the other, {parallel.TotalSeconds:0.0} s with eight at once: {serial / parallel:0.0} times; {Environment.ProcessorCount} processors");
        await scene.AssertRotatedAsync(times: 3);
        Assert.True(parallel < serial, $"{parallel} at once, {serial} one after the other");
    }

    private static async Task<TimeSpan> RunAsync(FleetScene scene, int throttleLimit)
    {
        var request = await scene.RequestAsync(throttleLimit);
        var summary = await scene.Service.RotateManyAsync(request, new Watcher(), Scene.Ct);
        Assert.Equal(request.Members.Count, summary.Rotated);
        return summary.Duration;
    }

    private sealed class Watcher : IFleetObserver
    {
        public IRotationObserver OnBegin(FleetMember member) => new Observer();

        public Task<bool> OnEndAsync(FleetResult result, Exception? exception)
        {
            Assert.True(result.Outcome == FleetOutcome.Rotated, $"{result.Credential}: {result.Message} {exception}");
            return Task.FromResult(true);
        }

        public void OnMessage(RotationMessageKind kind, string message) => Assert.Fail(message);
    }
}
