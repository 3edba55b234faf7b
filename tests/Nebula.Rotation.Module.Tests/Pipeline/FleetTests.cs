using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>Invoke-NebulaRotation over many credentials.</summary>
public sealed class FleetTests
{
    private const string ThreeAtOnce = "'first', 'second', 'third' | Invoke-NebulaRotation -Force -ThrottleLimit 3";

    [Fact]
    public async Task As_many_as_asked_are_at_work_at_once_and_their_stages_stream()
    {
        using var scene = NewScene();
        foreach (var name in Names)
            scene.Service.ScriptOf(name).HoldAt = RotationStage.Verify;
        var seen = new Probe();
        var run = scene.Start($"param($p) {ThreeAtOnce} | ForEach-Object {{ $p.See($_) }}", seen.AsParameter());
        await Task.WhenAll(Names.Select(name => scene.Service.ScriptOf(name).Reached(RotationStage.Verify).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)));
        await seen.Saw(9);
        Assert.False(run.IsCompleted);
        foreach (var name in Names)
            scene.Service.ScriptOf(name).Go.SetResult();
        (await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)).ThrowIfFailed();
        Assert.Equal(24, seen.Count);
        Assert.All(seen.Seen, value => Assert.IsType<StageResult>(value));
        Assert.Equal(3, scene.Service.Fleet!.ThrottleLimit);
    }

    [Fact]
    public void One_at_a_time_is_what_is_done_unless_asked_otherwise()
    {
        using var scene = NewScene();
        scene.Run("'first', 'second' | Invoke-NebulaRotation -Force").ThrowIfFailed();
        var fleet = scene.Service.Fleet!;
        Assert.Equal((1, null, false, false, null), (fleet.ThrottleLimit, fleet.FailureBudget, fleet.Canary, fleet.IsScheduled, fleet.Webhook));
    }

    [Fact]
    public void What_limits_the_damage_reaches_the_engine()
    {
        using var scene = NewScene();
        scene.Run("'first', 'second' | Invoke-NebulaRotation -Force -FailureBudget 2 -Canary -WebhookUri https://example.com/hook").ThrowIfFailed();
        var fleet = scene.Service.Fleet!;
        Assert.Equal((2, true, new Uri("https://example.com/hook")), (fleet.FailureBudget, fleet.Canary, fleet.Webhook));
        Assert.Equal(["first", "second"], fleet.Members.Select(member => member.Request.Name));
    }

    [Theory]
    [InlineData("-ThrottleLimit 0")]
    [InlineData("-ThrottleLimit 257")]
    [InlineData("-FailureBudget 0")]
    public void A_limit_that_is_none_is_refused(string parameters)
    {
        using var scene = NewScene();
        Assert.Single(scene.Run($"Invoke-NebulaRotation first -Force {parameters}").Errors);
        Assert.Empty(scene.Service.Calls);
    }

    [Fact]
    public void A_failure_is_an_error_of_its_own_and_stops_nothing_else()
    {
        using var scene = NewScene();
        scene.Service.ScriptOf("second").FailAt = RotationStage.Verify;
        var result = scene.Run(ThreeAtOnce);
        Assert.Null(result.Terminating);
        var error = Assert.Single(result.Errors);
        Assert.StartsWith("Nebula.VerificationFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("second", error.TargetObject);
        Assert.Equal("Look.", error.ErrorDetails.RecommendedAction);
        foreach (var name in new[] { "first", "third" })
            Assert.Equal(8, result.Output.Select(o => (StageResult)o.BaseObject).Count(stage => stage.Credential == name));
    }

    [Fact]
    public void The_summary_is_the_last_output_where_it_is_asked_for_and_otherwise_on_the_information_stream_alone()
    {
        using var scene = NewScene();
        scene.Service.ScriptOf("second").FailAt = RotationStage.Verify;
        var silent = scene.Run(ThreeAtOnce);
        Assert.All(silent.Output, o => Assert.IsType<StageResult>(o.BaseObject));
        var told = Assert.Single(silent.Information);
        Assert.Equal(["Nebula.RotationSummary"], told.Tags);
        Assert.Equal("2 rotated, 0 draining, 1 failed, 0 skipped in 1.0 s", told.MessageData.ToString());

        var summary = Assert.IsType<RotationSummary>(scene.Run($"{ThreeAtOnce} -Summary").Output[^1].BaseObject);
        Assert.Equal((2, 1), (summary.Rotated, summary.Failed));
        Assert.Empty(scene.Run("Invoke-NebulaRotation first -Force").ThrowIfFailed().Information);
    }

    [Fact]
    public void The_summary_reads_as_a_list_with_what_failed_and_its_results_as_a_table()
    {
        using var scene = NewScene();
        scene.Service.ScriptOf("second").FailAt = RotationStage.Verify;
        var shown = Show(scene, $"$s = {ThreeAtOnce} -Summary -ErrorAction SilentlyContinue | Select-Last; $s | Out-Default");
        Assert.Matches(@"Rotated\s+: 2", shown);
        Assert.Matches(@"Failed\s+: 1", shown);
        Assert.Matches(@"Took\s+: 1\.0 s", shown);
        Assert.Matches(@"Failures\s+: second: VerificationFailed\. It failed\.", shown);
        Assert.Matches(@"second\s+Failed\s+VerificationFailed\s+It failed\.", Show(scene, "$s.Results | Out-Default"));
    }

    [Fact]
    public void There_is_a_bar_for_the_whole_and_one_below_it_for_each_and_all_are_taken_away()
    {
        using var scene = NewScene();
        var bars = scene.Run(ThreeAtOnce).ThrowIfFailed().Progress;
        var whole = Assert.Single(bars.Select(bar => bar.ActivityId).Where(id => bars.Any(bar => bar.ParentActivityId == id)).Distinct());
        Assert.Equal(4, bars.Select(bar => bar.ActivityId).Distinct().Count());
        Assert.All(bars, bar => Assert.Equal(bar.ActivityId == whole ? -1 : whole, bar.ParentActivityId));
        Assert.All(bars.GroupBy(bar => bar.ActivityId), bar => Assert.Equal(ProgressRecordType.Completed, bar.Last().RecordType));
        Assert.Equal("3 of 3 done, 0 at work", bars.Last(bar => bar.ActivityId == whole).StatusDescription);
    }

    [Fact]
    public async Task Ctrl_C_waits_until_all_that_run_are_undone_and_begins_no_more()
    {
        using var scene = NewScene();
        var undone = Hold(scene, "first", "second");
        var run = scene.Start("'first', 'second', 'third' | Invoke-NebulaRotation -Force -ThrottleLimit 2; 'the script went on'");
        await ReachedAsync(scene, "first", "second");
        scene.Stop();
        foreach (var name in new[] { "first", "second" })
            await scene.Service.ScriptOf(name).Compensating.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        undone[0].SetResult();
        await Task.Yield();
        Assert.False(run.IsCompleted);
        undone[1].SetResult();
        Assert.DoesNotContain((await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)).Output, o => o.BaseObject is string);
        Assert.True(scene.Service.ScriptOf("first").Ended && scene.Service.ScriptOf("second").Ended);
        Assert.DoesNotContain("Rotate third", scene.Service.Calls);
        Assert.Equal(2, scene.Host.Warnings.Count(warning => warning == "Undone: the old login is live."));
        Assert.Equal(1, scene.Service.Disposed);
    }

    [Theory]
    [InlineData("Select-FirstObject 1", false)]
    [InlineData("ForEach-Object { throw 'the consumer broke' }", true)]
    public async Task A_consumer_that_ends_stops_all_that_run(string consumer, bool isThrow)
    {
        using var scene = NewScene();
        foreach (var source in Hold(scene, "first", "second"))
            source.SetResult();
        var result = await scene.Start($"'first', 'second', 'third' | Invoke-NebulaRotation -Force -ThrottleLimit 2 | {consumer}")
            .WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(isThrow, result.Terminating is not null);
        Assert.All(scene.Service.Scripts.Values, script => Assert.True(script.Ended));
        Assert.DoesNotContain("Rotate third", scene.Service.Calls);
    }

    [Fact]
    public void An_error_that_is_to_stop_the_pipeline_begins_no_more()
    {
        using var scene = NewScene();
        scene.Service.ScriptOf("first").FailAt = RotationStage.Verify;
        var result = scene.Run("'first', 'second' | Invoke-NebulaRotation -Force -ErrorAction Stop");
        Assert.StartsWith("Nebula.VerificationFailed,", result.TerminatingRecord!.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(["Rotate first"], scene.Service.Calls);
    }

    [Fact]
    public void OnFailure_runs_once_for_each_failure_with_what_it_needs()
    {
        using var scene = NewScene();
        scene.Service.ScriptOf("second").FailAt = RotationStage.Verify;
        var seen = new Probe();
        var result = scene.Run($"param($p) {ThreeAtOnce} -OnFailure {{ param($f) $p.See($f) }}", seen.AsParameter());
        Assert.Single(result.Errors);
        var failure = Assert.IsType<FleetResult>(Assert.Single(seen.Seen));
        Assert.Equal(
            ("second", "global", FleetOutcome.Failed, RotationErrorCode.VerificationFailed, "It failed."),
            (failure.Credential, failure.Scope, failure.Outcome, failure.ErrorCode!.Value, failure.Message));
    }

    [Fact]
    public void What_goes_wrong_in_OnFailure_is_a_warning()
    {
        using var scene = NewScene();
        scene.Service.ScriptOf("first").FailAt = RotationStage.Verify;
        var result = scene.Run("'first', 'second' | Invoke-NebulaRotation -Force -OnFailure { throw 'the pager is down' }");
        Assert.Null(result.Terminating);
        Assert.Contains("the pager is down", Assert.Single(result.Warnings, warning => warning.Contains("pager", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Single(result.Errors);
        Assert.Equal(["Rotate first", "Rotate second"], scene.Service.Calls);
    }

    private static string[] Names => ["first", "second", "third"];

    private static Scene NewScene() => new(null, Names);

    private static TaskCompletionSource[] Hold(Scene scene, params string[] names) =>
    [
        .. names.Select(name =>
        {
            var script = scene.Service.ScriptOf(name);
            script.HoldAt = RotationStage.Verify;
            return script.Undone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }),
    ];

    private static Task ReachedAsync(Scene scene, params string[] names) =>
        Task.WhenAll(names.Select(name => scene.Service.ScriptOf(name).Reached(RotationStage.Verify).WaitAsync(Scene.Patience, TestContext.Current.CancellationToken)));

    private static string Show(Scene scene, string command)
    {
        scene.Host.Lines.Clear();
        scene.Run("function Select-Last { process { $last = $_ } end { $last } }");
        Assert.Null(scene.Run(command).Terminating);
        return System.Text.RegularExpressions.Regex.Replace(string.Join('\n', scene.Host.Lines), "\x1b\\[[0-9;]*m", "");
    }
}
