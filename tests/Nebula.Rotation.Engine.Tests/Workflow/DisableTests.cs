using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>An admin that cannot drop a login disables it for good; such a record is complete, wherever its runner dies.</summary>
public sealed class DisableTests
{
    private const string Reason = "others granted it a right";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rotation_that_disables_may_die_at_any_call_and_resume_finishes_it(bool isKnownBefore)
    {
        var died = await EverywhereAsync(
            prepare: world =>
            {
                CannotDrop(world, isKnownBefore);
                return Task.CompletedTask;
            },
            work: (world, touch) => world.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None),
            AssertDisabledAsync);

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_said_why_in_the_stage_and_in_the_record(bool isKnownBefore)
    {
        await using var world = await World.CreateAsync(Facts);
        CannotDrop(world, isKnownBefore);

        var record = await world.RotateAsync(Request);

        Assert.Equal(RotationState.Completed, record.State);
        Assert.Contains("disabled for good", record.Message, StringComparison.Ordinal);
        Assert.Contains(isKnownBefore ? Reason : "permission denied", record.Message, StringComparison.Ordinal);
        Assert.Contains(record.Message!, world.Observer.Stages.Single(stage => stage.Stage == RotationStage.Retire).Message, StringComparison.Ordinal);
        await AssertDisabledAsync(world);
        Assert.Equal(record.RotationId, (await world.Runner().ResumeAsync(Request, world.Observer, TestContext.Current.CancellationToken)).RotationId);
    }

    [Fact]
    public async Task What_keeps_a_login_on_the_server_is_said_instead_of_a_drop()
    {
        await using var world = await World.CreateAsync(Facts);
        world.Planner.KeepsBecause = "a view needs its name";

        var record = await world.RotateAsync(Request);

        Assert.Equal(RotationState.Completed, record.State);
        var message = world.Observer.Stages.Single(stage => stage.Stage == RotationStage.Retire).Message;
        Assert.Contains("'app' is kept, locked and with a password that nobody has: a view needs its name.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("dropped", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drop_that_fails_is_a_failure_where_the_admin_may_everything()
    {
        await using var world = await World.CreateAsync(Facts);
        world.Server.Fault = Denied;

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(Request));

        Assert.Equal(RotationErrorCode.DropLoginFailed, exception.Code);
        Assert.Equal(RotationState.Draining, (await world.LastRotationAsync())!.State);
    }

    private static void CannotDrop(World world, bool isKnownBefore)
    {
        world.Planner.CanDisable = true;
        if (isKnownBefore)
            world.Planner.CannotDropBecause = Reason;
        else
            world.Server.Fault = Denied;
    }

    private static RotationException? Denied(string statement) =>
        statement == "drop|app" ? new(RotationErrorCode.DatabaseError, "permission denied to drop role") : null;

    /// <summary>The old login, if it was ever replaced, is there: disabled, without a password and without what the overlap needed.</summary>
    private static async Task AssertDisabledAsync(World world)
    {
        if ((await world.LiveLoginAsync()).Username == "app")
            await world.AssertCleanAsync(Facts);
        else
            await world.AssertPairAsync("app", (await world.LiveLoginAsync()).Username, Facts);
        Assert.NotEqual(RotationState.Draining, (await world.LastRotationAsync())?.State);
    }
}
