using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>A pipeline ends in four ways; in each of them the work has ended, undoing included, before the pipeline has.</summary>
public sealed class EndingTests
{
    public static TheoryData<RotationStage> BeforeTheFlip => [RotationStage.Prepare, RotationStage.CreateLogin, RotationStage.Verify, RotationStage.Publish];

    [Fact]
    public void A_rotation_that_ends_well_gives_one_result_a_stage()
    {
        using var scene = new Scene();
        var result = scene.Run("Invoke-NebulaRotation orders -Force").ThrowIfFailed();
        Assert.Equal(RotationScript.Stages, result.Output.Select(o => ((StageResult)o.BaseObject).Stage));
        Assert.True(scene.Service.ScriptOf("orders").Ended);
        Assert.Equal(1, scene.Service.Disposed);
    }

    [Fact]
    public async Task A_result_is_seen_while_the_work_still_runs()
    {
        using var scene = new Scene();
        var script = scene.Service.ScriptOf("orders");
        script.HoldAt = RotationStage.Drain;
        var seen = new Probe();
        var run = scene.Start("param($p) Invoke-NebulaRotation orders -Force | ForEach-Object { $p.See($_) }", seen.AsParameter());
        await seen.Saw(5);
        Assert.False(script.Ended);
        Assert.False(run.IsCompleted);
        script.Go.SetResult();
        (await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)).ThrowIfFailed();
        Assert.Equal(8, seen.Count);
    }

    [Theory]
    [MemberData(nameof(BeforeTheFlip))]
    public async Task Ctrl_C_waits_until_everything_is_undone_and_says_which_login_is_live(RotationStage stage)
    {
        using var scene = new Scene();
        var (script, undone) = Hold(scene, stage);
        var run = scene.Start("Invoke-NebulaRotation orders -Force; 'the script went on'");
        await script.Reached(stage).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);

        scene.Stop();
        await script.Compensating.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.False(run.IsCompleted);

        undone.SetResult();
        Assert.DoesNotContain((await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)).Output, o => o.BaseObject is string);
        Assert.True(script.Ended);
        Assert.Equal(["Undone: the old login is live."], scene.Host.Warnings);
        Assert.Equal(1, scene.Service.Disposed);
    }

    [Fact]
    public async Task Ctrl_C_after_the_flip_says_that_the_new_login_is_live()
    {
        using var scene = new Scene();
        var (script, undone) = Hold(scene, RotationStage.Drain);
        undone.SetResult();
        var run = scene.Start("Invoke-NebulaRotation orders -Force");
        await script.Reached(RotationStage.Drain).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        scene.Stop();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(["The new login is live."], scene.Host.Warnings);
    }

    [Fact]
    public async Task After_Ctrl_C_the_next_credential_is_not_started()
    {
        using var scene = new Scene(null, "first", "second");
        var script = scene.Service.ScriptOf("first");
        script.HoldAt = RotationStage.Verify;
        var run = scene.Start("'first', 'second' | Invoke-NebulaRotation -Force");
        await script.Reached(RotationStage.Verify).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        scene.Stop();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(["Rotate first"], scene.Service.Calls);
    }

    [Theory]
    [InlineData(1, RotationStage.CreateLogin, "Undone: the old login is live.")]
    [InlineData(3, RotationStage.Verify, "Undone: the old login is live.")]
    [InlineData(5, RotationStage.Drain, "The new login is live.")]
    public async Task A_consumer_that_has_enough_stops_the_work_and_what_it_took_stays(int first, RotationStage stage, string said)
    {
        using var scene = new Scene();
        var (script, undone) = Hold(scene, stage);
        var run = scene.Start($"Invoke-NebulaRotation orders -Force | Select-FirstObject {first}; 'the script goes on'");
        await script.Compensating.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.False(run.IsCompleted);
        undone.SetResult();
        var result = (await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)).ThrowIfFailed();
        Assert.True(script.Ended);
        Assert.Equal(first + 1, result.Output.Count);
        Assert.Equal("the script goes on", result.Output[^1].BaseObject);
        Assert.Equal([said], scene.Host.Warnings);
    }

    [Fact]
    public async Task A_throw_downstream_stops_the_work_and_is_what_the_user_sees()
    {
        using var scene = new Scene();
        var (script, undone) = Hold(scene, RotationStage.ClonePermissions);
        var run = scene.Start("Invoke-NebulaRotation orders -Force | ForEach-Object { throw 'the consumer broke' }");
        await script.Compensating.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.False(run.IsCompleted);
        undone.SetResult();
        var result = await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Contains("the consumer broke", result.Terminating!.Message, StringComparison.Ordinal);
        Assert.True(script.Ended);
        Assert.Equal(["Undone: the old login is live."], scene.Host.Warnings);
    }

    [Fact]
    public void An_important_message_that_the_pipeline_refuses_is_not_lost()
    {
        using var scene = new Scene();
        scene.Service.ScriptOf("orders").Messages.Add((RotationMessageKind.Important, "Look here."));
        var result = scene.Run("Invoke-NebulaRotation orders -Force -WarningAction Stop");
        Assert.NotNull(result.Terminating);
        Assert.Contains("Look here.", scene.Host.Warnings);
    }

    [Fact]
    public async Task A_stop_that_waits_says_what_it_waits_for()
    {
        using var scene = new Scene();
        var (script, undone) = Hold(scene, RotationStage.Verify);
        var run = scene.Start("Invoke-NebulaRotation orders -Force");
        await script.Reached(RotationStage.Verify).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        scene.Stop();
        await scene.Host.Told.Saw(1);
        undone.SetResult();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Contains(scene.Host.Lines, line => line.Contains("safe point", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failure_while_undoing_is_said_after_a_stop()
    {
        using var scene = new Scene();
        var (script, undone) = Hold(scene, RotationStage.Verify);
        undone.SetException(new RotationException(RotationErrorCode.RollbackFailed, "The new login is still there.", "Run Resume-NebulaRotation orders."));
        var run = scene.Start("Invoke-NebulaRotation orders -Force");
        await script.Reached(RotationStage.Verify).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        scene.Stop();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(["The new login is still there. Run Resume-NebulaRotation orders."], scene.Host.Warnings);
    }

    [Fact]
    public async Task A_host_without_a_user_interface_can_be_stopped()
    {
        using var scene = new Scene(new TestHost(hasUserInterface: false));
        var (script, undone) = Hold(scene, RotationStage.Verify);
        undone.SetResult();
        var run = scene.Start("Invoke-NebulaRotation orders -Force; 'the script went on'");
        await script.Reached(RotationStage.Verify).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        scene.Stop();
        Assert.DoesNotContain((await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)).Output, o => o.BaseObject is string);
        Assert.True(script.Ended);
    }

    private static (RotationScript Script, TaskCompletionSource Undone) Hold(Scene scene, RotationStage stage)
    {
        var undone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var script = scene.Service.ScriptOf("orders");
        script.HoldAt = stage;
        script.Undone = undone;
        return (script, undone);
    }
}
