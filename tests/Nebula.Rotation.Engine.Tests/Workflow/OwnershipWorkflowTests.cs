using Nebula.Rotation.Engine.Workflow.Ownership;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>A change of owner in the model: it may die at any call, and the history stays true.</summary>
public sealed class OwnershipWorkflowTests
{
    private const string Owner = "app_owner";

    private static readonly string[] Facts = ["a1", "o1", "o2"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_conversion_may_die_at_any_call_and_the_same_command_goes_on()
    {
        var died = await EverywhereAsync(
            _ => Task.CompletedTask,
            undo: false,
            async world =>
            {
                await ConvertAsync(world);
                await AssertConvertedAsync(world);
            });
        Assert.True(died.Count > 25, $"{died.Count} points");
        foreach (var kind in new[] { "before begin rotation", "after begin rotation", "statement", "before commit", "after commit", "before journal", "after journal", "before state", "after state" })
            Assert.Contains(kind, died);
    }

    [Fact]
    public async Task An_undo_may_die_at_any_call_and_goes_on_or_turns_round()
    {
        foreach (var turnsRound in new[] { false, true })
        {
            var died = await EverywhereAsync(
                world => ConvertAsync(world),
                undo: true,
                async world =>
                {
                    if (turnsRound)
                    {
                        await ConvertAsync(world);
                        await AssertConvertedAsync(world);
                    }

                    await ConvertAsync(world, undo: true);
                    await world.AssertCleanAsync(Facts);
                    Assert.DoesNotContain(await world.Store.ListRotationsAsync(new(), Ct), record => record.State == RotationState.Running);
                });
            Assert.True(died.Count > 20, $"{died.Count} points");
        }
    }

    [Fact]
    public async Task After_a_death_at_any_call_a_rotation_has_its_turn_and_resume_finishes_too()
    {
        var resumes = false;
        await EverywhereAsync(
            _ => Task.CompletedTask,
            undo: false,
            async world =>
            {
                resumes = !resumes;
                if (resumes)
                {
                    if ((await world.LastRotationAsync())?.State == RotationState.Running)
                    {
                        Assert.Equal(RotationState.Completed, (await world.Runner().ResumeAsync(World.Request, world.Observer, Ct)).State);
                        await AssertConvertedAsync(world);
                    }

                    return;
                }

                Assert.Equal(RotationState.Completed, (await world.RotateAsync()).State);
                await ConvertAsync(world);
                await AssertConvertedAsync(world);
            });
    }

    [Fact]
    public async Task A_statement_that_fails_closes_the_record_and_leaves_what_has_moved()
    {
        await using var world = await World.CreateAsync(Facts);
        world.Server.Fault = text => text == $"grant|{Owner}|o2" ? new RotationException(RotationErrorCode.DatabaseError, "disk full") : null;
        var exception = await Assert.ThrowsAsync<RotationException>(() => ConvertAsync(world));
        Assert.Contains("disk full", exception.Message, StringComparison.Ordinal);
        Assert.Contains("same command", exception.RecommendedAction, StringComparison.Ordinal);
        var record = (await world.LastRotationAsync())!;
        Assert.Equal((RotationState.Incomplete, RotationErrorCode.DatabaseError), (record.State, record.ErrorCode));
        Assert.Contains(world.Server[Owner].Facts, fact => fact.Name == "o1");
        Assert.Contains(world.Server["app"].Facts, fact => fact.Name == "o2");

        world.Server.Fault = _ => null;
        await ConvertAsync(world);
        await AssertConvertedAsync(world);
    }

    [Fact]
    public async Task A_role_of_that_name_that_is_somebody_elses_is_left_alone_and_only_taken_by_name()
    {
        await using var world = await World.CreateAsync(Facts);
        world.Server.Add(Owner, "a human's", ModelPlanner.Fact("o9"));
        Assert.Equal(RotationErrorCode.InvalidArgument, (await Assert.ThrowsAsync<RotationException>(() => ConvertAsync(world))).Code);
        Assert.Equal(Facts, world.Server["app"].Facts.Select(fact => fact.Name));
        Assert.Null(await world.LastRotationAsync());

        await ConvertAsync(world, owner: Owner);
        await ConvertAsync(world, undo: true);
        Assert.Equal(["o9"], world.Server[Owner].Facts.Select(fact => fact.Name));
        Assert.Equal(Facts.Order(), world.Server["app"].Facts.Select(fact => fact.Name).Order());
    }

    [Fact]
    public async Task A_blocker_a_hold_and_an_open_rotation_are_refused_before_anything_is_touched()
    {
        await using var world = await World.CreateAsync([.. Facts, "?"]);
        Assert.Equal(RotationErrorCode.PlanBlocked, (await Assert.ThrowsAsync<RotationException>(() => ConvertAsync(world))).Code);
        world.Server.Revoke("app", ModelPlanner.Fact("?"));
        await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });
        Assert.Equal(RotationErrorCode.RotationOpen, (await Assert.ThrowsAsync<RotationException>(() => ConvertAsync(world))).Code);
        await world.Runner().ResumeAsync(Deaths.Request, world.Observer, Ct);
        var credential = (await world.Store.FindAsync("app", DatabaseCredential.DefaultScope, Ct))!;
        await world.Store.UpdateAsync(credential with { HoldReason = "audit" }, null, null, Ct);
        Assert.Equal(RotationErrorCode.CredentialOnHold, (await Assert.ThrowsAsync<RotationException>(() => ConvertAsync(world))).Code);
        await world.AssertCleanAsync(Facts);
    }

    [Fact]
    public async Task Undo_of_a_rotation_looks_past_a_conversion()
    {
        await using var world = await World.CreateAsync(Facts);
        var rotation = await world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) });
        await ConvertAsync(world);
        Assert.Equal(RotationState.Completed, (await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, Ct)).State);
        Assert.Equal(rotation.OldUsername, (await world.LiveLoginAsync()).Username);
        await AssertConvertedAsync(world);
    }

    private static Task<OwnershipChange> ConvertAsync(World world, bool undo = false, string? owner = null, Action<string>? touch = null) =>
        new OwnershipWorkflow(world.Services(touch)).ConvertAsync(new() { Name = "app", Undo = undo, Owner = owner }, new RecordingObserver(), CancellationToken.None);

    private static async Task AssertConvertedAsync(World world)
    {
        var live = await world.LiveLoginAsync();
        Assert.Equal(["app_owner", "postgres", live.Username], world.Server.Names.Order(StringComparer.Ordinal).OrderBy(name => name == live.Username));
        Assert.Equal(["o1", "o2"], world.Server[Owner].Facts.Where(fact => fact.IsExclusive).Select(fact => fact.Name).Order());
        Assert.Equal(["a1", ModelOwnershipPlanner.Member(Owner)], world.Server[live.Username].Facts.Select(fact => fact.Name).Order(StringComparer.Ordinal));
        Assert.True(world.Server.LogsIn(live.Username, live.Password.Reveal()));
        Assert.Empty(world.Server.Locks);
    }

    private static async Task<List<string>> EverywhereAsync(Func<World, Task> prepare, bool undo, Func<World, Task> finish)
    {
        List<string> died = [];
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync(Facts);
            await prepare(world);
            world.Time.Advance(TimeSpan.FromMinutes(5));
            var crash = new CrashPoint(at);
            await Deaths.DieAsync(world, crash.Touch, (dying, touch) => ConvertAsync(dying, undo, touch: touch));
            if (crash.DiedAt is not { } where)
                return died;
            died.Add(where);

            // Whoever owns them, the login has them all: itself, or as a member.
            var has = world.Server["app"].Facts.Select(fact => fact.Name).ToHashSet();
            if (has.Contains(ModelOwnershipPlanner.Member(Owner)))
                has.UnionWith(world.Server[Owner].Facts.Select(fact => fact.Name));
            Assert.Superset(Facts.ToHashSet(), has);
            try
            {
                await finish(world);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"call {at}, {where}: {exception.Message}", exception);
            }
        }
    }
}
