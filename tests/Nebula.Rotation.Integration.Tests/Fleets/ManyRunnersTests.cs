using System.Diagnostics;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>Several runners, each a process of its own, that know of each other by the store alone.</summary>
public sealed class ManyRunnersTests(SharedPostgres postgres, SharedPostgres18 postgres18, SharedMariaDb mariaDb, SharedRedis redis)
{
    private const int Runners = 4;

    private const int Servers = 4;

    private const int MostPairs = 3;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Four_runners_rotate_what_is_due_exactly_once_though_one_of_them_is_killed(bool storeIsShared)
    {
        var size = FleetScene.Size();
        await using var scene = await FleetScene.CreateAsync(postgres, postgres18, mariaDb, redis, size, storeIsShared);
        var clock = Stopwatch.StartNew();
        List<FleetProcess> runners = [FleetProcess.Start(scene.Home)];
        try
        {
            // The one that dies is at work when the others come: they could leave it nothing to die over.
            List<Task<int>> ends = [runners[0].EndAsync(killAfter: Math.Max(1, size / 10))];
            await runners[0].Began;
            runners.AddRange(Enumerable.Range(1, Runners - 1).Select(_ => FleetProcess.Start(scene.Home)));
            ends.AddRange(runners.Skip(1).Select(runner => runner.EndAsync()));
            var codes = await Task.WhenAll(ends);
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
        // What else the machine is at while one or the other runs is no matter of theirs: the shortest of each is compared.
        var (serial, parallel) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        var pairs = 0;
        for (; pairs < MostPairs && parallel >= serial; pairs++)
        {
            serial = Shorter(serial, await RunAsync(scene, throttleLimit: 1, most: 1));
            parallel = Shorter(parallel, await RunAsync(scene, throttleLimit: 8));
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{size} credentials: {serial.TotalSeconds:0.0} s one after the other, {parallel.TotalSeconds:0.0} s with eight at once: {serial / parallel:0.0} times; {Environment.ProcessorCount} processors, {pairs} pairs");
        await scene.AssertRotatedAsync(times: 1 + (2 * pairs));
        Assert.True(parallel < serial, $"{parallel} at once, {serial} one after the other");
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static async Task<TimeSpan> RunAsync(FleetScene scene, int throttleLimit, int? most = null)
    {
        var request = await scene.RequestAsync(throttleLimit);
        var watcher = new Watcher();
        var summary = await scene.Service.RotateManyAsync(request, watcher, Scene.Ct);
        Assert.Equal(request.Members.Count, summary.Rotated);
        // Of the four servers, each was at work while another was.
        Assert.True(most is null ? watcher.Most >= Servers : watcher.Most == most, $"{watcher.Most} at once");
        return summary.Duration;
    }

    private sealed class Watcher : IFleetObserver
    {
        private readonly Lock _gate = new();
        private int _now;

        /// <summary>How many there were at the same time.</summary>
        public int Most { get; private set; }

        public IRotationObserver OnBegin(FleetMember member)
        {
            lock (_gate)
                Most = Math.Max(Most, ++_now);
            return new Observer();
        }

        public Task<bool> OnEndAsync(FleetResult result, Exception? exception)
        {
            lock (_gate)
                _now--;
            Assert.True(result.Outcome == FleetOutcome.Rotated, $"{result.Credential}: {result.Message} {exception}");
            return Task.FromResult(true);
        }

        public void OnMessage(RotationMessageKind kind, string message) => Assert.Fail(message);
    }
}
