using System.Diagnostics;
using System.Globalization;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// Rotates one credential over and over, each time in a process that is killed at another point, and finishes each with another runner; all the while an application
/// works with the login that the store names.
/// </summary>
internal sealed class KillCampaign(FaultScene scene)
{
    private const int Retries = 10;

    /// <summary>Every so many, the runner that finishes is a new process, too.</summary>
    private const int NewProcessEvery = 3;

    private LoginSnapshot _facts = null!;
    private int _version;

    /// <summary>What a run is given: few on every push, many at night.</summary>
    public static int Size { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("NEBULA_TEST_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out var kills) ? kills : 60;

    /// <summary>Many enough that every point is reached, and time for servers that are tested now and then.</summary>
    public static bool IsNightly => Size >= 200;

    public KillReport Report { get; } = new();

    /// <summary>Statements of one rotation that change something.</summary>
    public int Changes { get; private set; }

    public async Task RunAsync()
    {
        var clock = Stopwatch.StartNew();
        // The first one leaves no older versions to erase; from the second on all are alike.
        await RotateUndisturbedAsync();
        var seen = await RotateUndisturbedAsync();
        foreach (var stage in seen.Where(passage => passage.Moment != Moment.AfterWrite).GroupBy(passage => passage.Stage))
            Say($"{stage.Key}: {string.Join(", ", stage.Select(passage => passage.Moment == Moment.BeforeSend ? passage.What : $"[{passage.What}]"))}");

        Changes = seen.Count(passage => passage.Moment == Moment.BeforeSend && StatementLabel.Changes(passage.What));
        await LookAsync();
        var points = KillSpread.Over(seen, Size);
        for (var index = 0; index < points.Count; index++)
            await KillAsync(points[index], inNewProcess: IsNightly || index % NewProcessEvery == 0);

        var audit = await scene.Store.CheckAuditAsync(null, Scene.Ct);
        Assert.True(audit.IsIntact, audit.Message);
        Say($"{scene.Queries} queries of the application, {scene.Failures.Count} failed; {clock.Elapsed.TotalSeconds:0} s");
        Say(Report.ToString());
    }

    private async Task<IReadOnlyList<Ambush.Passage>> RotateUndisturbedAsync()
    {
        var ambush = new Ambush(null);
        Assert.Equal(nameof(RotationState.Completed), await RunAsync(RunnerProcess.Rotate, ambush));
        return ambush.Seen;
    }

    private async Task LookAsync()
    {
        var live = await scene.LiveAsync();
        (_version, _facts) = (live.Version, await scene.SnapshotAsync(live.Login.Username));
    }

    private async Task KillAsync(KillPoint planned, bool inNewProcess)
    {
        // How often the drain looks at the sessions is not the same in each run: a point that did not come is looked for earlier.
        var point = planned;
        var ambush = new Ambush(point);
        for (var tries = 1; await RunAsync(RunnerProcess.Rotate, ambush) is { } ended; tries++)
        {
            Assert.True(tries < Retries, $"{planned} did not come; the rotation was {ended}.");
            point = planned with { Nth = Math.Max(1, point.Nth / 2) };
            ambush = new(point);
            await LookAsync();
        }

        var ending = "";
        try
        {
            await scene.AssertInvariantAsync(_facts, _version);
            await scene.FlowsAsync();
            ending = await ResumeAsync(inNewProcess);
            _facts = await scene.AssertFinishedAsync(_facts, _version);
            _version = (await scene.LiveAsync()).Version;
            await scene.FlowsAsync();
            Assert.Empty(scene.Failures);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{point} ({ambush.Statement}), resumed {ending}: {exception.Message}", exception);
        }

        Report.Add(point, ambush.Statement, ending, inNewProcess);
    }

    private async Task<string> ResumeAsync(bool inNewProcess)
    {
        if (inNewProcess)
            return (await RunAsync(RunnerProcess.Resume, new(null)))!;
        return (await scene.ResumeAsync()).ToString();
    }

    private async Task<string?> RunAsync(string work, Ambush ambush)
    {
        scene.Proxy.Ambush = ambush;
        try
        {
            return await RunnerProcess.RunAsync(work, scene.StorePath, ambush, scene.Gap);
        }
        finally
        {
            scene.Proxy.Ambush = null;
        }
    }

    private static void Say(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
