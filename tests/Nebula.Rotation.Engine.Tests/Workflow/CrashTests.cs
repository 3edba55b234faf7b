namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class CrashTests
{
    private static readonly string[] Facts = ["a1", "a2", "o1", "o2"];

    /// <summary>No quiet time: the number of looks at the sessions must be the same in every run.</summary>
    private static readonly RotationRequest Request = new() { Name = "app", GracePeriod = TimeSpan.Zero };

    [Fact]
    public async Task A_rotation_may_die_at_any_call_and_resume_finishes_it()
    {
        var died = await DieEverywhereAsync(
            prepare: _ => Task.CompletedTask,
            work: (world, touch) => world.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None));

        // Enough points that an empty loop cannot pass, and every kind of them.
        Assert.True(died.Count > 80, $"{died.Count} points");
        foreach (var kind in new[] { "before begin rotation", "after begin rotation", "statement", "before commit", "after commit", "before publish", "after publish", "before journal", "after journal", "before state", "after state" })
            Assert.Contains(kind, died);
    }

    [Fact]
    public async Task After_a_death_at_any_call_a_new_rotation_finishes_the_old_record_first()
    {
        var died = await DieEverywhereAsync(
            prepare: _ => Task.CompletedTask,
            work: (world, touch) => world.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: world => world.RotateAsync(Request));

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task An_undo_may_die_at_any_call_and_resume_finishes_it()
    {
        var died = await DieEverywhereAsync(
            prepare: world => world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) }),
            work: (world, touch) => world.Runner(touch).UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, new RecordingObserver(), CancellationToken.None),
            finish: async world =>
            {
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);

                // Rolled back, the retained login is still there: its time ends now.
                world.Time.Advance(TimeSpan.FromDays(2));
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
            });

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task A_resume_may_die_at_any_call_too()
    {
        // The first death leaves a record before, respectively after, the commit point.
        foreach (var first in new[] { "after commit", "after publish" })
        {
            var died = await DieEverywhereAsync(
                prepare: async world =>
                {
                    var seen = 0;
                    await DieAsync(
                        world,
                        touch: what =>
                        {
                            if (what == first || seen > 0)
                            {
                                seen++;
                                throw new DiedException();
                            }
                        },
                        (touched, touch) => touched.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None));
                    Assert.True(seen > 0);
                },
                work: (world, touch) => world.Runner(touch).ResumeAsync(Request, new RecordingObserver(), CancellationToken.None),
                finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None));
            Assert.True(died.Count > 15, $"{died.Count} points after {first}");
        }
    }

    [Fact]
    public async Task Resume_twice_changes_nothing_the_second_time()
    {
        await using var world = await World.CreateAsync(Facts);
        await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });
        var first = await world.Runner().ResumeAsync(Request, world.Observer, TestContext.Current.CancellationToken);
        var second = await world.Runner().ResumeAsync(Request, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(first.FinishedAt, second.FinishedAt);
        await world.AssertCleanAsync(Facts);
    }

    [Fact]
    public async Task A_login_that_the_journaled_password_does_not_open_is_left_alone()
    {
        await using var world = await World.CreateAsync("a1");
        string? name = null;
        await DieAsync(
            world,
            touch: what =>
            {
                if (what == "statement" || name is not null)
                {
                    name ??= "";
                    throw new DiedException();
                }
            },
            (touched, touch) => touched.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None));
        name = (await world.LastRotationAsync())!.NewUsername;
        world.Server.Add(name, "a human's");

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().ResumeAsync(Request, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.RollbackFailed, exception.Code);
        Assert.True(world.Server.LogsIn(name, "a human's"));
        await world.AssertInvariantAsync("a1");
        Assert.Equal(RotationState.RollbackFailed, (await world.LastRotationAsync())!.State);
    }

    /// <summary>Runs a piece of work once for each call it makes to the world, and lets the process die there.</summary>
    private static async Task<List<string>> DieEverywhereAsync(
        Func<World, Task> prepare, Func<World, Action<string>, Task> work, Func<World, Task> finish)
    {
        List<string> died = [];
        for (var at = 1; ; at++)
        {
            await using var world = await World.CreateAsync(Facts);
            await prepare(world);
            world.Time.Advance(TimeSpan.FromMinutes(5));
            var crash = new CrashPoint(at);
            await DieAsync(world, crash.Touch, work);
            if (crash.DiedAt is not { } where)
                return died;
            died.Add(where);

            await world.AssertInvariantAsync(Facts);
            try
            {
                await finish(world);
            }
            catch (RotationException exception) when (exception.Code == RotationErrorCode.RotationNotFound)
            {
                // Died before there was anything to resume.
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"call {at}, {where}: {exception.Message}", exception);
            }

            try
            {
                await world.AssertCleanAsync(Facts);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"call {at}, {where}: {exception.Message}", exception);
            }
        }
    }

    private static async Task DieAsync(World world, Action<string> touch, Func<World, Action<string>, Task> work)
    {
        try
        {
            await work(world, touch);
        }
        catch (Exception exception) when (exception is DiedException or RotationException)
        {
            // A dead process reports nothing; what it would have said does not matter.
        }

        // Its connections are closed by the system, and its lease ends.
        world.Server.Locks.Clear();
        world.Time.Advance(TimeSpan.FromMinutes(5));
    }
}
