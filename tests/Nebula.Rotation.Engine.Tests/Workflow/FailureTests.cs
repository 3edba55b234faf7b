using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>The process lives on: a call fails, everything fails from there on, or somebody stops it there. Then it must say so, and undo or leave what can be finished.</summary>
public sealed class FailureTests
{
    /// <summary>A drain waits for a server that is away, but no longer than it was told.</summary>
    private static readonly RotationRequest Impatient = new() { Name = "app", GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.FromMilliseconds(20) };

    [Fact]
    public async Task Any_call_may_fail_once_and_the_runner_undoes_it_or_resume_finishes_it()
    {
        var failed = await EverywhereAsync(stop: null, what => throw Failure(what));

        Assert.True(failed.Count > 80, $"{failed.Count} points");
        foreach (var kind in new[] { "before begin rotation", "after begin rotation", "connect", "lock", "read", "check", "statement", "before commit", "after commit", "before publish", "after publish", "before state", "after release" })
            Assert.Contains(kind, failed);
    }

    [Fact]
    public async Task From_any_call_on_the_database_may_be_away_and_resume_finishes_when_it_is_back()
    {
        var failed = await EverywhereAsync(
            stop: null,
            what =>
            {
                if (IsDatabase(what))
                    throw Failure(what);
            },
            isLasting: true);

        Assert.True(failed.Count > 80, $"{failed.Count} points");
    }

    [Fact]
    public async Task From_any_call_on_the_store_may_be_away_and_resume_finishes_when_it_is_back()
    {
        var failed = await EverywhereAsync(
            stop: null,
            what =>
            {
                if (!IsDatabase(what))
                    throw Failure(what);
            },
            isLasting: true);

        Assert.True(failed.Count > 80, $"{failed.Count} points");
    }

    /// <summary>What hangs and can be given up is given up at a stop; what cannot is waited for, and the stop counts after it.</summary>
    [Fact]
    public async Task A_stop_may_come_during_any_call()
    {
        CancellationTokenSource stop = new();
        var stopped = await EverywhereAsync(
            stop: () => (stop = new()).Token,
            _ => stop.Cancel());
        stop.Dispose();

        Assert.True(stopped.Count > 80, $"{stopped.Count} points");
    }

    /// <summary>One rotation for each call that it makes; <paramref name="fault"/> is what happens there, or from there on.</summary>
    private static async Task<List<string>> EverywhereAsync(Func<CancellationToken>? stop, Action<string> fault, bool isLasting = false)
    {
        List<string> points = [];
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync(Facts);
            var calls = 0;
            string? where = null;
            void Touch(string what)
            {
                calls++;
                if (calls == at)
                    where = what;
                if (calls == at || (isLasting && calls > at))
                    fault(what);
            }

            Exception? told = null;
            try
            {
                await world.Runner(Touch).RotateAsync(Impatient, world.Observer, stop?.Invoke() ?? CancellationToken.None);
            }
            catch (Exception exception) when (exception is RotationException or OperationCanceledException)
            {
                told = exception;
            }

            if (where is null)
                return points;
            points.Add(where);
            try
            {
                if (told is RotationException { RecommendedAction: var action } && await world.LastRotationAsync() is not null)
                    Assert.False(string.IsNullOrEmpty(action), told.Message);
                await world.AssertInvariantAsync(Facts);

                // A lease that could not be given back is over by then.
                world.Time.Advance(TimeSpan.FromMinutes(5));
                world.Server.Locks.Clear();
                if (await world.LastRotationAsync() is not null)
                    await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
                await world.AssertCleanAsync(Facts);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"call {at}, {where}, told '{told?.Message}': {exception.Message}", exception);
            }
        }
    }

    private static bool IsDatabase(string what) => !what.StartsWith("store ", StringComparison.Ordinal)
        && (what is "before commit" or "after commit" || !(what.StartsWith("before ", StringComparison.Ordinal) || what.StartsWith("after ", StringComparison.Ordinal)));

    private static RotationException Failure(string what) => new(
        IsDatabase(what) ? RotationErrorCode.ServerUnreachable : RotationErrorCode.StoreUnavailable, $"A fault of the test's in '{what}'.", "Mend it.");
}
