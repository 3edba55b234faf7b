using Nebula.Rotation.Engine.Workflow.Fleets;

namespace Nebula.Rotation.Engine.Tests.Fleets;

/// <summary>Which is begun next.</summary>
public sealed class FleetPlanTests
{
    [Fact]
    public void One_whose_server_is_full_lets_others_pass()
    {
        var (a1, a2, b1) = (Entry("a1", "a", 1), Entry("a2", "a", 1), Entry("b1", "b", 1));
        var plan = new FleetPlan([a1, a2, b1], 8, null, false);
        Assert.Equal(a1, plan.Begin());
        Assert.Equal(b1, plan.Begin());
        Assert.Null(plan.Begin());
        plan.End(a1, FleetOutcome.Failed, false);
        Assert.Equal(a2, plan.Begin());
    }

    [Fact]
    public void After_as_many_failures_as_the_budget_no_more_are_begun()
    {
        var entries = Enumerable.Range(0, 6).Select(index => Entry($"c{index}", "s", 16)).ToList();
        var plan = new FleetPlan(entries, 2, 2, false);
        var (first, second) = (plan.Begin()!, plan.Begin()!);
        plan.End(first, FleetOutcome.Failed, false);
        var third = plan.Begin();
        Assert.NotNull(third);
        plan.End(second, FleetOutcome.Failed, false);
        Assert.Null(plan.Begin());
        Assert.Contains("-FailureBudget", plan.Halted, StringComparison.Ordinal);
        Assert.Equal(3, plan.Waiting.Count);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void A_canary_runs_alone_and_the_others_only_if_it_completed(bool isClean, int more)
    {
        var (canary, other) = (Entry("canary", "a", 16), Entry("other", "b", 16));
        var plan = new FleetPlan([canary, other], 8, null, true);
        Assert.Equal(canary, plan.Begin());
        Assert.Null(plan.Begin());
        plan.End(canary, isClean ? FleetOutcome.Rotated : FleetOutcome.Draining, isClean);
        Assert.Equal(more, plan.Begin() is null ? 0 : 1);
        Assert.Equal(!isClean, plan.Halted?.Contains("canary 'canary'", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void An_admin_is_begun_when_all_who_use_it_have_ended()
    {
        var (admin, one, two) = (Entry("admin", "s", 16), Entry("one", "s", 16), Entry("two", "s", 16));
        admin.After = [one, two];
        var plan = new FleetPlan([admin, one, two], 8, null, true);
        Assert.Equal(one, plan.Begin());
        plan.End(one, FleetOutcome.Rotated, true);
        Assert.Equal(two, plan.Begin());
        Assert.Null(plan.Begin());
        plan.End(two, FleetOutcome.Failed, false);
        Assert.Equal(admin, plan.Begin());
    }

    internal static FleetEntry Entry(string name, string server, int atOnce) => new(new() { Request = new() { Name = name } }, server, atOnce);
}
