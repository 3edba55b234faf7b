namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class DrainTests
{
    private static readonly RotationRequest Short = new() { Name = "app", GracePeriod = TimeSpan.FromMilliseconds(10), DrainTimeout = TimeSpan.FromMilliseconds(30) };

    [Fact]
    public async Task A_session_of_the_old_login_is_waited_for()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Connect("app", "late consumer");
        world.Observer.Progressed = progress =>
        {
            if (progress.Stage == RotationStage.Drain && progress.Activity.Contains("late consumer", StringComparison.Ordinal))
                world.Server.Disconnect("app");
        };

        var record = await world.RotateAsync();

        Assert.Equal(RotationState.Completed, record.State);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task At_the_timeout_nobody_is_cut_off_and_a_later_run_finishes()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        world.Server.Connect("app");

        var record = await world.RotateAsync(Short);

        Assert.Equal(RotationState.Draining, record.State);
        Assert.Equal(StageStatus.Skipped, world.Observer.Stages[^1].Status);
        Assert.Contains("1 session from host (app)", world.Observer.Stages[^1].Message, StringComparison.Ordinal);
        Assert.Single(world.Server.Sessions("app"));
        Assert.True(world.Server.LogsIn("app", World.AppPassword));
        await world.AssertInvariantAsync("a1", "o1");

        world.Server.Disconnect("app");
        Assert.Equal(RotationState.Completed, (await world.RotateAsync()).State);
        Assert.Equal(2, (await world.Store.GetCurrentLoginAsync(world.Credential.Id, TestContext.Current.CancellationToken)).Version);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task Terminate_ends_the_sessions_behind_a_closed_door()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Connect("app");

        var record = await world.RotateAsync(new() { Name = "app", DrainTimeout = TimeSpan.Zero, OnDrainTimeout = DrainTimeoutAction.Terminate });

        Assert.Equal(RotationState.Completed, record.State);
        Assert.Contains(world.Observer.Messages, message => message.Text.Contains("1 session of 'app' ended", StringComparison.Ordinal));
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task RollBack_makes_the_old_login_live_again_and_says_why()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        world.Server.Connect("app");

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.RotateAsync(new()
            {
                Name = "app",
                GracePeriod = TimeSpan.Zero,
                DrainTimeout = TimeSpan.Zero,
                OnDrainTimeout = DrainTimeoutAction.RollBack,
                RetainFor = TimeSpan.FromHours(1), // of the old login; nobody wants to keep the new one
            }));

        Assert.Equal(RotationErrorCode.DrainTimedOut, exception.Code);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        Assert.Single(world.Server.Sessions("app"));
        world.Server.Disconnect("app");
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task A_session_that_comes_back_before_the_door_closes_opens_it_again()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var came = false;
        world.Server.Applied = statement =>
        {
            if (statement == "block|app" && !came)
            {
                came = true;
                world.Server.Connect("app", "nightly job");
            }
            else if (statement == "enable|app")
            {
                Assert.True(world.Server.LogsIn("app", World.AppPassword));
                world.Server.Disconnect("app");
            }
        };

        var record = await world.RotateAsync();

        Assert.True(came);
        Assert.Equal(RotationState.Completed, record.State);
        Assert.Equal(2, record.Stages.Count(stage => stage.Stage == RotationStage.Drain));
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task NoWait_returns_when_the_new_login_is_live()
    {
        await using var world = await World.CreateAsync("a1");

        var record = await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });

        Assert.Equal(RotationState.Draining, record.State);
        Assert.NotEqual("app", (await world.LiveLoginAsync()).Username);
        await world.AssertInvariantAsync("a1");
        var resumed = await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal(RotationState.Completed, resumed.State);
        await world.AssertCleanAsync("a1");
    }
}
