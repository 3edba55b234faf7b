using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>One login that takes two passwords for a while.</summary>
public sealed class DualPasswordTests
{
    private static readonly RotationRequest Change = ChangeWith();

    private static readonly RotationRequest Kept =
        new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.DualPassword, RetainFor = TimeSpan.FromDays(1) };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_login_stays_and_takes_another_password()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var both = false;
        world.Observer.Progressed = progress =>
            both |= progress.Stage == RotationStage.Drain && world.Server.LogsIn("app", World.AppPassword) && world.Server["app"].Password != World.AppPassword;

        var record = await world.RotateAsync(Change);

        Assert.Equal(RotationState.Completed, record.State);
        Assert.True(both, "both passwords open the login while it drains");
        Assert.Equal(("app", 2), (record.NewUsername, record.ToVersion));
        Assert.False(world.Server.LogsIn("app", World.AppPassword));
        await AssertOnePasswordAsync(world);
        Assert.Contains(world.Observer.Messages, message => message.Kind == RotationMessageKind.Warning && message.Text.Contains("cannot be observed", StringComparison.Ordinal));
        Assert.Equal(
            [StageStatus.Succeeded, StageStatus.Succeeded, StageStatus.Skipped, StageStatus.Succeeded, StageStatus.Succeeded, StageStatus.Succeeded, StageStatus.Succeeded, StageStatus.Succeeded],
            record.Stages.Select(stage => stage.Status));
    }

    [Fact]
    public async Task Sessions_from_before_are_waited_for_and_later_ones_are_not()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Connect("app", "old pool");
        world.Server.Connect("app", "new pool");

        var draining = await world.RotateAsync(ChangeWith(drain: TimeSpan.FromMilliseconds(20)));

        Assert.Equal(RotationState.Draining, draining.State);
        Assert.Contains("1 session from host (old pool)", world.Observer.Stages[^1].Message, StringComparison.Ordinal);
        Assert.True(world.Server.LogsIn("app", World.AppPassword));
        world.Server.Disconnect("app", TimeSpan.FromDays(1));

        Assert.Equal(RotationState.Completed, (await world.Runner().ResumeAsync(Request, world.Observer, Ct)).State);
        Assert.Equal(["new pool"], world.Server.Sessions("app"));
        await AssertOnePasswordAsync(world);
    }

    [Fact]
    public async Task Terminate_ends_the_old_sessions_only_and_after_the_old_password_is_gone()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Connect("app", "old pool");
        world.Server.Connect("app", "new pool");

        var record = await world.RotateAsync(ChangeWith(drain: TimeSpan.Zero, onTimeout: DrainTimeoutAction.Terminate));

        Assert.Equal(RotationState.Completed, record.State);
        Assert.Equal(["new pool"], world.Server.Sessions("app"));
        await AssertOnePasswordAsync(world);
    }

    [Fact]
    public async Task A_second_password_that_somebody_set_is_a_blocker()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Commit([("add-password|app", "a human's"), ("add-password|app", World.AppPassword)]);

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(Change));

        Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
        Assert.True(world.Server.LogsIn("app", "a human's"));
    }

    [Fact]
    public async Task A_new_password_that_does_not_work_is_taken_back()
    {
        await using var world = await World.CreateAsync("a1");

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(ChangeWith(verify: "fails")));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Contains("'app' with its old password is live", exception.Message, StringComparison.Ordinal);
        Assert.Equal(World.AppPassword, (await world.LiveLoginAsync()).Password.Reveal());
        await AssertOnePasswordAsync(world);
    }

    [Fact]
    public async Task Undo_while_draining_makes_the_old_password_the_only_one_again_and_waits_for_nobody_who_never_left_it()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Connect("app", "old pool");
        await world.RotateAsync(ChangeWith(noWait: true));

        var undone = await world.Runner().UndoAsync(Request, world.Observer, Ct);

        Assert.Equal(RotationState.Completed, undone.State);
        Assert.Equal(World.AppPassword, (await world.LiveLoginAsync()).Password.Reveal());
        Assert.Equal(["old pool"], world.Server.Sessions("app"));
        await AssertOnePasswordAsync(world);
    }

    [Fact]
    public async Task Undo_within_the_retention_gives_the_old_password_back_and_can_be_undone()
    {
        await using var world = await World.CreateAsync("a1");
        var kept = await world.RotateAsync(Kept);
        Assert.Equal(RotationState.Retained, kept.State);
        Assert.False(world.Server.LogsIn("app", World.AppPassword));
        var newer = (await world.LiveLoginAsync()).Password;

        await world.Runner().UndoAsync(Kept, world.Observer, Ct);
        Assert.Equal(World.AppPassword, (await world.LiveLoginAsync()).Password.Reveal());
        await AssertOnePasswordAsync(world);

        await world.Runner().UndoAsync(Request, world.Observer, Ct);
        Assert.Equal(newer, (await world.LiveLoginAsync()).Password);
        await AssertOnePasswordAsync(world);
    }

    [Fact]
    public async Task The_old_password_is_forgotten_when_its_time_is_over()
    {
        await using var world = await World.CreateAsync("a1");
        await world.KeepVersionsAsync(0);
        await world.RotateAsync(Kept);

        world.Time.Advance(TimeSpan.FromDays(2));
        var resumed = await world.Runner().ResumeAsync(Request, world.Observer, Ct);

        Assert.Equal(RotationState.Completed, resumed.State);
        Assert.Null(await world.Store.GetLoginAsync(world.Credential.Id, 1, Ct));
        await AssertOnePasswordAsync(world);
    }

    [Fact]
    public async Task A_change_may_die_at_any_call_and_resume_finishes_it()
    {
        var died = await EverywhereAsync(
            prepare: _ => Task.CompletedTask,
            work: (world, touch) => world.Runner(touch).RotateAsync(Change, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None),
            AssertOnePasswordAsync);

        Assert.True(died.Count > 50, $"{died.Count} points");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_undo_of_a_change_may_die_at_any_call_and_resume_finishes_it(bool isRetained)
    {
        var died = await EverywhereAsync(
            prepare: world => world.RotateAsync(isRetained ? Kept : ChangeWith(noWait: true)),
            work: (world, touch) => world.Runner(touch).UndoAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: async world =>
            {
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);

                // Rolled back, the rotation that was to be undone is what it was: it goes forward.
                world.Time.Advance(TimeSpan.FromDays(2));
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
            },
            AssertOnePasswordAsync);

        Assert.True(died.Count > 50, $"{died.Count} points");
    }

    private static RotationRequest ChangeWith(TimeSpan? drain = null, DrainTimeoutAction? onTimeout = null, string? verify = null, bool noWait = false) => new()
    {
        Name = "app",
        GracePeriod = TimeSpan.Zero,
        Strategy = RotationStrategy.DualPassword,
        DrainTimeout = drain,
        OnDrainTimeout = onTimeout,
        VerifyQuery = verify,
        NoWait = noWait,
    };

    /// <summary>Nothing is left behind: one login with everything, one password, which the store has; and it can be changed again.</summary>
    private static async Task AssertOnePasswordAsync(World world)
    {
        var live = await world.LiveLoginAsync();
        Assert.Equal("app", live.Username);
        Assert.Equal(["app", "postgres"], world.Server.Names.Order(StringComparer.Ordinal));
        Assert.Equal(live.Password.Reveal(), world.Server["app"].Password);
        Assert.Null(world.Server["app"].Older);
        Assert.Empty(world.Server.Locks);
    }
}
