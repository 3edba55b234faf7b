namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class StopTests
{
    [Theory]
    [InlineData(RotationStage.Prepare)]
    [InlineData(RotationStage.CreateLogin)]
    [InlineData(RotationStage.ClonePermissions)]
    [InlineData(RotationStage.Verify)]
    public async Task A_stop_before_the_commit_point_undoes_everything(RotationStage after)
    {
        await using var world = await World.CreateAsync("a1", "o1");
        using var stop = new CancellationTokenSource();
        world.Observer.Staged = stage =>
        {
            if (stage.Stage == after)
                stop.Cancel();
        };

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateUntilAsync(stop.Token));

        Assert.Equal(RotationErrorCode.Stopped, exception.Code);
        Assert.Contains(world.Observer.Messages, message => message.Kind == RotationMessageKind.Important && message.Text.Contains("'app' is live", StringComparison.Ordinal));
        Assert.Equal(RotationState.RolledBack, (await world.LastRotationAsync())!.State);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Theory]
    [InlineData(RotationStage.Publish)]
    [InlineData(RotationStage.Drain)]
    public async Task A_stop_after_the_commit_point_leaves_the_record_open(RotationStage after)
    {
        await using var world = await World.CreateAsync("a1", "o1");
        using var stop = new CancellationTokenSource();
        world.Observer.Staged = stage =>
        {
            if (stage.Stage == after)
                stop.Cancel();
        };

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateUntilAsync(stop.Token));

        Assert.Equal(RotationErrorCode.Stopped, exception.Code);
        Assert.Contains("Resume-NebulaRotation", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Contains(world.Observer.Messages, message => message.Kind == RotationMessageKind.Important && message.Text.Contains("is live", StringComparison.Ordinal));
        Assert.Equal(RotationState.Draining, (await world.LastRotationAsync())!.State);
        await world.AssertInvariantAsync("a1", "o1");

        await world.Runner().ResumeAsync(World.Request, new RecordingObserver(), CancellationToken.None);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task A_stop_between_two_moves_leaves_what_has_moved_where_it_is()
    {
        await using var world = await World.CreateAsync("o1", "o2", "o3");
        using var stop = new CancellationTokenSource();
        world.Server.Applied = statement =>
        {
            if (statement.EndsWith("|o1", StringComparison.Ordinal))
                stop.Cancel();
        };

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateUntilAsync(stop.Token));

        Assert.Equal(RotationErrorCode.Stopped, exception.Code);
        await world.AssertInvariantAsync("o1", "o2", "o3");
        world.Server.Applied = _ => { };
        await world.Runner().ResumeAsync(World.Request, new RecordingObserver(), CancellationToken.None);
        await world.AssertCleanAsync("o1", "o2", "o3");
    }

    [Fact]
    public async Task A_stop_before_anything_was_begun_changes_nothing()
    {
        await using var world = await World.CreateAsync("a1");
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.RotateUntilAsync(stop.Token));

        Assert.Null(await world.LastRotationAsync());
        await world.AssertCleanAsync("a1");
    }
}
