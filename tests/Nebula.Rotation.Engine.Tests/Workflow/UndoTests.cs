namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class UndoTests
{
    private static readonly RotationRequest Keep = new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) };

    [Fact]
    public async Task Undo_while_draining_is_a_rotation_in_reverse()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var draining = await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });
        world.Server.Grant((await world.LiveLoginAsync()).Username, ModelPlanner.Fact("a2"));

        var undone = await world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(RotationKind.Undo, undone.Kind);
        Assert.Equal(RotationState.Completed, undone.State);
        Assert.Equal(draining.RotationId, undone.Reverses);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        Assert.Equal(World.AppPassword, (await world.LiveLoginAsync()).Password.Reveal());
        Assert.Equal(RotationState.Undone, (await world.Store.ReadRotationAsync(draining.RotationId, TestContext.Current.CancellationToken))!.Record.State);
        await world.AssertCleanAsync("a1", "a2", "o1");
    }

    [Fact]
    public async Task A_retained_login_is_disabled_and_undo_enables_it_again()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var retained = await world.RotateAsync(Keep);
        Assert.Equal(RotationState.Retained, retained.State);
        Assert.False(world.Server["app"].CanLogIn);
        Assert.DoesNotContain(world.Server["app"].Facts, fact => fact.IsExclusive);
        await world.AssertInvariantAsync("a1", "o1");

        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task An_undo_that_keeps_the_new_login_can_be_undone_itself()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var first = await world.RotateAsync(Keep);
        await world.Runner().UndoAsync(Keep, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);

        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(first.NewUsername, (await world.LiveLoginAsync()).Username);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task An_undo_that_fails_leaves_the_rotation_as_it_was()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var retained = await world.RotateAsync(Keep);

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app", VerifyQuery = "fails" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Equal(retained.NewUsername, (await world.LiveLoginAsync()).Username);
        Assert.False(world.Server["app"].CanLogIn);
        Assert.Equal(RotationState.Retained, (await world.Store.ReadRotationAsync(retained.RotationId, TestContext.Current.CancellationToken))!.Record.State);
        await world.AssertInvariantAsync("a1", "o1");
    }

    [Fact]
    public async Task A_retained_login_is_dropped_when_its_time_is_over()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync(Keep);
        Assert.Equal(RotationState.Retained, (await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken)).State);

        world.Time.Advance(TimeSpan.FromDays(2));
        var resumed = await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(RotationState.Completed, resumed.State);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_dropped_login_cannot_come_back_and_undo_says_so()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync();
        var live = await world.LiveLoginAsync();

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.UndoNotPossible, exception.Code);
        Assert.Equal(live.Username, (await world.LiveLoginAsync()).Username);
    }

    [Fact]
    public async Task Undo_of_what_was_never_rotated_says_so()
    {
        await using var world = await World.CreateAsync();

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.RotationNotFound, exception.Code);
    }
}
