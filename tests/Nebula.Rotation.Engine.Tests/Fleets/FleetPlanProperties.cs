using CsCheck;
using Nebula.Rotation.Engine.Workflow.Fleets;

namespace Nebula.Rotation.Engine.Tests.Fleets;

/// <summary>What holds for every order in which rotations end.</summary>
public sealed class FleetPlanProperties
{
    private static readonly Gen<(int[] Servers, int Throttle, int AtOnce, int[] Ends, bool Canary)> Runs =
        from servers in Gen.Int[0, 3].Array[0, 30]
        from throttle in Gen.Int[1, 8]
        from atOnce in Gen.Int[1, 4]
        from ends in Gen.Int[0, 7].Array[60]
        from canary in Gen.Bool
        select (servers, throttle, atOnce, ends, canary);

    [Fact]
    public void Each_is_begun_once_within_the_limits_and_none_is_left() => Runs.Sample(run =>
    {
        var entries = run.Servers.Select((server, index) => FleetPlanTests.Entry($"c{index}", $"s{server}", run.AtOnce)).ToList();
        var plan = new FleetPlan(entries, run.Throttle, null, run.Canary);
        var running = new List<FleetEntry>();
        var begun = new List<FleetEntry>();
        for (var step = 0; ; step++)
        {
            while (plan.Begin() is { } next)
            {
                running.Add(next);
                begun.Add(next);
            }

            Assert.True(running.Count <= run.Throttle);
            Assert.All(running.GroupBy(entry => entry.Server), group => Assert.True(group.Count() <= run.AtOnce));
            if (running.Count == 0)
                break;
            var end = running[run.Ends[step % run.Ends.Length] % running.Count];
            running.Remove(end);
            plan.End(end, FleetOutcome.Rotated, isClean: true);
        }

        Assert.Empty(plan.Waiting);
        Assert.Equal(entries.Count, begun.Distinct().Count());
        Assert.Equal(entries.Count, begun.Count);
    });
}
