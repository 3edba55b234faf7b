using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class CrashTests
{
    [Fact]
    public async Task A_rotation_may_die_at_any_call_and_resume_finishes_it()
    {
        var died = await EverywhereAsync(
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
        var died = await EverywhereAsync(
            prepare: _ => Task.CompletedTask,
            work: (world, touch) => world.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: world => world.RotateAsync(Request));

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task An_undo_may_die_at_any_call_and_resume_finishes_it()
    {
        var died = await EverywhereAsync(
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
    public async Task An_undo_after_the_drop_may_die_at_any_call_and_resume_finishes_it()
    {
        var died = await EverywhereAsync(
            prepare: world => world.RotateAsync(Request),
            work: (world, touch) => world.Runner(touch).UndoAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None));

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task A_rotation_that_erases_older_passwords_may_die_at_any_call()
    {
        var died = await EverywhereAsync(
            prepare: async world =>
            {
                await world.RotateAsync(Request);
                await world.RotateAsync(Request);
            },
            work: (world, touch) => world.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: async world =>
            {
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
                await world.RotateAsync(Request);
                Assert.Equal(2, (await world.Store.ListSecretVersionsAsync(world.Credential.Id, CancellationToken.None)).Count);
            });

        Assert.Contains("before erase", died);
        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task A_resume_may_die_at_any_call_too()
    {
        // The first death leaves a record before, respectively after, the commit point.
        foreach (var first in new[] { "after commit", "after publish" })
        {
            var died = await EverywhereAsync(
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
}
