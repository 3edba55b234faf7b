using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class AlternatingCrashTests
{
    private static readonly RotationRequest Flip = new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.AlternatingUsers };

    private static readonly RotationRequest KeptFlip =
        new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.AlternatingUsers, RetainFor = TimeSpan.FromDays(1) };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_flip_may_die_at_any_call_and_resume_finishes_it(int flipsBefore)
    {
        var died = await EverywhereAsync(
            prepare: world => FlipAsync(world, flipsBefore),
            work: (world, touch) => world.Runner(touch).RotateAsync(Flip, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None),
            AssertPairThatFlipsAsync);

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task After_a_death_at_any_call_of_a_flip_an_undo_makes_the_old_login_live_again_with_its_old_password()
    {
        var undone = 0;
        await EverywhereAsync(
            prepare: world => FlipAsync(world, 1),
            work: (world, touch) => world.Runner(touch).RotateAsync(Flip, new RecordingObserver(), CancellationToken.None),
            finish: async world =>
            {
                var before = (await world.Store.GetLoginAsync(world.Credential.Id, 2, CancellationToken.None))!;
                if ((await world.LastRotationAsync())!.ToVersion == 2)
                    return;
                await world.Runner().UndoAsync(Request, new RecordingObserver(), CancellationToken.None);
                Assert.Equal("app_b", (await world.LiveLoginAsync()).Username);
                Assert.Equal(before.Password, (await world.LiveLoginAsync()).Password);
                undone++;
            },
            AssertPairThatFlipsAsync);

        Assert.True(undone > 80, $"{undone} points");
    }

    [Fact]
    public async Task An_undo_of_a_flip_may_die_at_any_call_and_resume_finishes_it()
    {
        var died = await EverywhereAsync(
            prepare: async world =>
            {
                await FlipAsync(world, 1);
                await world.RotateAsync(KeptFlip);
            },
            work: (world, touch) => world.Runner(touch).UndoAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: async world =>
            {
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);

                // Rolled back, the retained login is still there: its time ends now.
                world.Time.Advance(TimeSpan.FromDays(2));
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
            },
            AssertPairThatFlipsAsync);

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task A_flip_to_a_login_that_is_kept_for_an_undo_may_die_at_any_call()
    {
        var died = await EverywhereAsync(
            prepare: async world =>
            {
                await FlipAsync(world, 1);
                await world.RotateAsync(KeptFlip);
            },
            work: (world, touch) => world.Runner(touch).RotateAsync(Flip, new RecordingObserver(), CancellationToken.None),
            finish: async world =>
            {
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
                world.Time.Advance(TimeSpan.FromDays(2));
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
            },
            AssertPairThatFlipsAsync);

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    /// <summary>Leaves an idle login with one fact too much and one too few.</summary>
    private static async Task FlipAsync(World world, int times)
    {
        for (var time = 0; time < times; time++)
        {
            await world.RotateAsync(Flip);
            var live = (await world.LiveLoginAsync()).Username;
            var idle = live == "app" ? "app_b" : "app";
            world.Server.Grant(idle, ModelPlanner.Fact("a9"));
            world.Server.Revoke(idle, ModelPlanner.Fact("a1"));
        }
    }

    /// <summary>Whatever became of it, the pair goes on taking turns.</summary>
    private static async Task AssertPairThatFlipsAsync(World world)
    {
        await world.AssertPairAsync("app", "app_b", Facts);
        var before = await world.LiveLoginAsync();
        await world.RotateAsync(Flip);
        Assert.NotEqual(before.Username, (await world.LiveLoginAsync()).Username);
        await world.AssertPairAsync("app", "app_b", Facts);
    }
}
