using System.Globalization;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// Rotations of one credential that live on while a fault strikes: each must end with a clear exception or well, keep what always holds, and be finished afterwards.
/// </summary>
internal sealed class FaultRound(FaultScene scene)
{
    private readonly List<string> _table = [];

    /// <summary>What happens at the point.</summary>
    public Func<KillPoint, Task> Strike { get; init; } = _ => Task.CompletedTask;

    /// <summary>What puts the world right when the rotation has ended.</summary>
    public Func<Task> Mend { get; init; } = () => Task.CompletedTask;

    public async Task RunAsync(int count, params IReadOnlyList<Moment> moments)
    {
        await scene.LearnAsync();
        var points = KillSpread.Over(await scene.LearnAsync(), count, moments);
        foreach (var point in points)
            await RunAsync(point);
        foreach (var line in _table)
            TestContext.Current.TestOutputHelper?.WriteLine(line);
        Assert.Equal(count, _table.Count);
        Assert.All(
            [RotationStage.Prepare, RotationStage.CreateLogin, RotationStage.Verify, RotationStage.Drain, RotationStage.Retire, RotationStage.Complete],
            stage => Assert.Contains(points, point => point.Stage == stage));
    }

    private async Task RunAsync(KillPoint planned)
    {
        // The drain does not look equally often in each run.
        for (var point = planned; ; point = planned with { Nth = point.Nth / 2 })
        {
            Assert.True(point.Nth > 0, $"{planned} did not come.");
            var live = await scene.LiveAsync();
            var facts = await scene.SnapshotAsync(live.Login.Username);
            var ambush = new Ambush(point) { Strike = () => Strike(point) };
            RotationException? exception = null;
            try
            {
                exception = await scene.RotateIntoAsync(ambush);
                if (!ambush.HasStruck)
                    continue;
                await ambush.Over;
            }
            finally
            {
                await Mend();
            }

            var told = exception is null ? "went on" : $"{exception.Code}: {exception.Message}";
            try
            {
                if (exception is not null)
                    FaultScene.AssertTold(exception);
                await scene.AssertInvariantAsync(facts, live.Version);
                await scene.FlowsAsync();
                var state = await scene.ResumeAsync();
                await scene.AssertFinishedAsync(facts, live.Version);
                Assert.Empty(scene.Failures);
                _table.Add(string.Create(CultureInfo.InvariantCulture, $"{point.Stage,-17} {point.Moment,-11} {ambush.Statement,-18} {exception?.Code.ToString() ?? "went on",-22} then {state}"));
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                throw new InvalidOperationException($"{point} ({ambush.Statement}), {told}: {failure.Message}", failure);
            }

            return;
        }
    }
}
