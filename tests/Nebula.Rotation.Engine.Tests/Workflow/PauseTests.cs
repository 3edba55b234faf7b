using Nebula.Rotation.Engine.Workflow;
using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>
/// A runner that sleeps for longer than its lease, at any call that it makes; another one finishes its record meanwhile; then the first wakes. It must
/// touch nothing more: not the store, which knows its lease for an old one, and not the server, which has ended its session or where it asks first.
/// </summary>
public sealed class PauseTests
{
    /// <summary>Every how manieth call of a rotation, and of the other runs; all of them when asked for.</summary>
    private static readonly (int Rotation, int Other) Stride = Environment.GetEnvironmentVariable("NEBULA_TEST_PAUSES") == "all" ? (1, 1) : (3, 7);

    private static readonly TimeSpan ShortLease = TimeSpan.FromMilliseconds(300);

    private static readonly RotationRequest Keep = new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) };

    public static TheoryData<bool, string> Runs => new()
    {
        { true, "rotation" }, { false, "rotation" },
        { true, "renewing" }, { false, "renewing" },
        { true, "failing" }, { false, "failing" },
        { true, "undo" }, { false, "undo" },
        { true, "emergency" }, { false, "emergency" },
        { true, "flip" }, { false, "flip" },
        { true, "second password" }, { false, "second password" },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task A_runner_that_was_paused_at_any_call_for_longer_than_its_lease_does_nothing_more_when_it_wakes(bool hasLocks, string run)
    {
        List<string> paused = [];
        var lost = 0;
        for (var at = 1; ; at += run == "rotation" ? Stride.Rotation : Stride.Other)
        {
            await using var world = await World.CreateAsync(Facts);
            world.Server.HasLocks = hasLocks;
            if (run == "undo")
                await world.RotateAsync(Keep);
            var calls = 0;
            string? where = null;
            var (server, records) = ("", "");
            void Touch(string what)
            {
                if (where is not null || ++calls != at)
                    return;
                where = what;
                world.Time.Advance(TimeSpan.FromMinutes(5));
                FinishAsync(world).GetAwaiter().GetResult();
                if (run == "renewing")
                    Thread.Sleep(ShortLease);
                (server, records) = (world.Server.Describe(), DescribeAsync(world).GetAwaiter().GetResult());
            }

            RotationException? end = null;
            try
            {
                await RunAsync(world, Touch, run);
            }
            catch (RotationException exception)
            {
                end = exception;
            }

            if (where is null)
                break;
            paused.Add(where);
            var place = $"paused at call {at}, {where}; {end?.Code}: {end?.Message}";
            Assert.True(server == world.Server.Describe(), $"{place}: the server was changed\n{server}\n--\n{world.Server.Describe()}");
            Assert.True(records == await DescribeAsync(world), $"{place}: the store was changed\n{records}\n--\n{await DescribeAsync(world)}");
            Assert.True(end is null or { Code: RotationErrorCode.LeaseLost or RotationErrorCode.LeaseHeld } || (run == "failing" && end.Code == RotationErrorCode.VerificationFailed), place);
            lost += end?.Code == RotationErrorCode.LeaseLost ? 1 : 0;
            await world.AssertInvariantAsync(Facts);
        }

        Assert.True(lost >= 8 && lost >= paused.Count - 4, $"{lost} of {paused.Count} points");
    }

    private static Task<RotationRecord> RunAsync(World world, Action<string> touch, string run)
    {
        var runner = world.Runner(touch);
        return run switch
        {
            // The renewal in the background finds out first, wherever the work is.
            "renewing" => RenewingRunner(world, touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            "undo" => runner.UndoAsync(Request, new RecordingObserver(), CancellationToken.None),
            "failing" => runner.RotateAsync(new() { Name = "app", VerifyQuery = "fails" }, new RecordingObserver(), CancellationToken.None),
            "emergency" => runner.RotateAsync(new() { Name = "app", Emergency = true }, new RecordingObserver(), CancellationToken.None),
            "flip" => runner.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.AlternatingUsers }, new RecordingObserver(), CancellationToken.None),
            "second password" => runner.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.DualPassword }, new RecordingObserver(), CancellationToken.None),
            _ => runner.RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
        };
    }

    private static RotationWorkflow RenewingRunner(World world, Action<string> touch)
    {
        var services = world.Services(touch);
        return new(services with { Timing = services.Timing with { LeaseDuration = ShortLease } });
    }

    /// <summary>The successor.</summary>
    private static async Task FinishAsync(World world)
    {
        try
        {
            await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.LeaseHeld)
        {
            // A renewal of the runner's came just after its time was up; it sleeps on.
            world.Time.Advance(TimeSpan.FromMinutes(5));
            await FinishAsync(world);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.RotationNotFound)
        {
            // There was no record yet.
        }
    }

    private static async Task<string> DescribeAsync(World world)
    {
        var records = await world.Store.ListRotationsAsync(new(), CancellationToken.None);
        return $"{(await world.LiveLoginAsync()).Username}\n" + string.Join('\n', records.Select(record => $"{record.RotationId} {record.State} {record.Stages.Count} {record.ErrorCode}"));
    }
}
