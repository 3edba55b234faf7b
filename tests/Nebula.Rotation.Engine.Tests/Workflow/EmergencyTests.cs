using Nebula.Rotation.Engine.Workflow;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>After a leak: no grace, sessions are ended, the old password is in the store no more, and nothing is undone to it.</summary>
public sealed class EmergencyTests
{
    private static readonly RotationRequest Emergency = new() { Name = "app", Emergency = true, RetainFor = TimeSpan.FromDays(1), GracePeriod = TimeSpan.FromHours(1) };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RotationStrategy.DualUser)]
    [InlineData(RotationStrategy.AlternatingUsers)]
    [InlineData(RotationStrategy.DualPassword)]
    public async Task Sessions_are_ended_at_once_nothing_is_kept_and_nothing_is_undone(RotationStrategy strategy)
    {
        await using var world = await World.CreateAsync("a1", "o1");
        await world.ChangeAsync(credential => credential with { Strategy = strategy, RetainFor = TimeSpan.FromDays(7), KeepVersions = 5 });
        world.Server.Connect("app", "old session");

        var record = await world.RotateAsync(Emergency);

        Assert.Equal(RotationState.Completed, record.State);
        Assert.False(world.Server.LogsIn("app", World.AppPassword));
        Assert.Empty(world.Server.Sessions("app"));
        await world.AssertInvariantAsync("a1", "o1");
        await AssertForgottenAsync(world, 1, World.AppPassword);
        var exception = await Assert.ThrowsAsync<RotationException>(() => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, Ct));
        Assert.Equal(RotationErrorCode.UndoNotPossible, exception.Code);
        Assert.Contains("erased", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_leaked_password_is_erased_in_the_records_of_earlier_rotations_too()
    {
        await using var world = await World.CreateAsync("a1");
        await world.KeepVersionsAsync(5);
        await world.RotateAsync();
        await world.RotateAsync();
        var leaked = await world.LiveLoginAsync();

        await world.RotateAsync(Emergency);

        await AssertForgottenAsync(world, 3, leaked.Password.Reveal());
        Assert.Equal([1, 2, 4], await world.Store.ListSecretVersionsAsync(world.Credential.Id, Ct));
    }

    [Fact]
    public async Task A_runner_that_dies_anywhere_leaves_an_emergency_that_is_finished_as_one()
    {
        var died = await Deaths.EverywhereAsync(
            prepare: _ => Task.CompletedTask,
            work: (world, touch) => world.Runner(touch).RotateAsync(Emergency, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(new() { Name = "app" }, new RecordingObserver(), CancellationToken.None),
            assert: async world =>
            {
                await world.AssertCleanAsync(Deaths.Facts);
                if ((await world.LiveLoginAsync()).Username != "app")
                    await AssertForgottenAsync(world, 1, World.AppPassword);
            });

        Assert.True(died.Count > 80, $"{died.Count} points");
    }

    [Fact]
    public async Task A_leak_that_is_told_of_while_a_rotation_is_open_makes_that_one_an_emergency_whoever_finishes_it()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync(new() { Name = "app", NoWait = true });
        world.Server.Connect("app");
        world.Server.Fault = text => text == "drop|app" ? new RotationException(RotationErrorCode.DatabaseError, "broken on purpose") : null;
        await Assert.ThrowsAsync<RotationException>(() => world.Runner().ResumeAsync(new() { Name = "app", Emergency = true }, world.Observer, Ct));
        world.Server.Fault = _ => null;

        await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, Ct);

        await world.AssertCleanAsync("a1");
        await AssertForgottenAsync(world, 1, World.AppPassword);
    }

    [Fact]
    public async Task A_login_that_was_kept_is_retired_at_once_when_a_leak_is_told_of()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) });

        await world.Runner().ResumeAsync(new() { Name = "app", Emergency = true }, world.Observer, Ct);

        await world.AssertCleanAsync("a1");
        await AssertForgottenAsync(world, 1, World.AppPassword);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hold_refuses_an_emergency_too_and_touches_nothing(bool isOpen)
    {
        await using var world = await World.CreateAsync("a1");
        if (isOpen)
            await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });
        await world.ChangeAsync(credential => credential with { HoldReason = "audit week" });
        var touched = new List<string>();

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.Runner(touched.Add).RotateAsync(Emergency, world.Observer, Ct));

        Assert.Equal(RotationErrorCode.CredentialOnHold, exception.Code);
        Assert.Contains("audit week", exception.Message, StringComparison.Ordinal);
        Assert.Contains("-Hold ''", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(touched);

        // What is open can be finished: a hold is about new rotations.
        if (isOpen)
            Assert.Equal(RotationState.Completed, (await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, Ct)).State);
        await world.ChangeAsync(credential => credential with { HoldReason = null });
        await world.RotateAsync(Emergency);
        await world.AssertCleanAsync("a1");
    }

    /// <summary>A version's password is neither in the list of versions nor in any document.</summary>
    private static async Task AssertForgottenAsync(World world, int version, string password)
    {
        Assert.DoesNotContain(version, await world.Store.ListSecretVersionsAsync(world.Credential.Id, Ct));
        foreach (var record in await world.Store.ListRotationsAsync(new(), Ct))
        {
            var document = (await world.Store.ReadRotationAsync(record.RotationId, Ct))!.Document;
            Assert.DoesNotContain(password, System.Text.Encoding.UTF8.GetString(document.Span), StringComparison.Ordinal);
            Assert.All(
                new[] { RotationDocument.Deserialize(document).From, RotationDocument.Deserialize(document).To }.Where(login => login.Version == version),
                static login => Assert.Empty(login.Password));
        }
    }
}
