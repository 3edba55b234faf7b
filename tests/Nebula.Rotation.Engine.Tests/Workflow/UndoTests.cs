using Nebula.Rotation.Engine.Workflow;

namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class UndoTests
{
    private static readonly RotationRequest Keep = new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) };

    [Fact]
    public async Task Undo_while_draining_is_a_rotation_in_reverse()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var draining = await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });
        world.Server.Grant((await world.LiveLoginAsync()).Username, ModelPlanner.Fact("a2"));

        var undone = await world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(RotationKind.Undo, undone.Kind);
        Assert.Equal(RotationState.Completed, undone.State);
        Assert.Equal(draining.RotationId, undone.Reverses);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        Assert.Equal(World.AppPassword, (await world.LiveLoginAsync()).Password.Reveal());
        Assert.Equal(RotationState.Undone, (await world.Store.ReadRotationAsync(draining.RotationId, TestContext.Current.CancellationToken))!.Record.State);
        await world.AssertCleanAsync("a1", "a2", "o1");
    }

    [Fact]
    public async Task A_retained_login_is_disabled_and_undo_enables_it_again()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var retained = await world.RotateAsync(Keep);
        Assert.Equal(RotationState.Retained, retained.State);
        Assert.False(world.Server["app"].CanLogIn);
        Assert.DoesNotContain(world.Server["app"].Facts, fact => fact.IsExclusive);
        await world.AssertInvariantAsync("a1", "o1");

        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task An_undo_that_keeps_the_new_login_can_be_undone_itself()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var first = await world.RotateAsync(Keep);
        await world.Runner().UndoAsync(Keep, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);

        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(first.NewUsername, (await world.LiveLoginAsync()).Username);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task An_undo_that_fails_leaves_the_rotation_as_it_was()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var retained = await world.RotateAsync(Keep);

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app", VerifyQuery = "fails" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Equal(retained.NewUsername, (await world.LiveLoginAsync()).Username);
        Assert.False(world.Server["app"].CanLogIn);
        Assert.Equal(RotationState.Retained, (await world.Store.ReadRotationAsync(retained.RotationId, TestContext.Current.CancellationToken))!.Record.State);
        await world.AssertInvariantAsync("a1", "o1");
    }

    [Fact]
    public async Task A_retained_login_is_dropped_when_its_time_is_over()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync(Keep);
        Assert.Equal(RotationState.Retained, (await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken)).State);

        world.Time.Advance(TimeSpan.FromDays(2));
        var resumed = await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(RotationState.Completed, resumed.State);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_dropped_login_comes_back_with_its_password_and_with_what_the_live_one_has_now()
    {
        await using var world = await World.CreateAsync("a1", "a2", "o1");
        var rotated = await world.RotateAsync();
        world.Server.Revoke(rotated.NewUsername, ModelPlanner.Fact("a2"));
        world.Server.Grant(rotated.NewUsername, ModelPlanner.Fact("a3"));

        var undone = await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(RotationState.Completed, undone.State);
        Assert.Equal(("app", World.AppPassword), ((await world.LiveLoginAsync()).Username, (await world.LiveLoginAsync()).Password.Reveal()));
        await world.AssertCleanAsync("a1", "a3", "o1");
        var warning = Assert.Single(world.Observer.Messages, message => message.Kind == RotationMessageKind.Warning).Text;
        Assert.Contains("does not get back: Model a2", warning, StringComparison.Ordinal);
        Assert.Contains("did not have: Model a3", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_undo_after_the_drop_can_be_undone_itself()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var rotated = await world.RotateAsync();
        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, TestContext.Current.CancellationToken);

        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal(rotated.NewUsername, (await world.LiveLoginAsync()).Username);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task An_undo_after_the_drop_that_fails_leaves_the_rotation_complete()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var rotated = await world.RotateAsync();

        await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app", VerifyQuery = "fails" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationState.Completed, (await world.Store.ReadRotationAsync(rotated.RotationId, TestContext.Current.CancellationToken))!.Record.State);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task A_login_of_the_same_name_that_somebody_made_since_is_not_taken_over()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync();
        world.Server.Add("app", "a human's");

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.UndoNotPossible, exception.Code);
        Assert.True(world.Server.LogsIn("app", "a human's"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_the_password_was_erased_undo_says_so(bool isEmergency)
    {
        await using var world = await World.CreateAsync("a1");
        if (!isEmergency)
            await world.KeepVersionsAsync(0);
        await world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, Emergency = isEmergency });
        var live = await world.LiveLoginAsync();

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.UndoNotPossible, exception.Code);
        Assert.Contains("was erased", exception.Message, StringComparison.Ordinal);
        Assert.Equal(live.Username, (await world.LiveLoginAsync()).Username);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task As_many_retired_passwords_are_kept_as_the_credential_says(int count)
    {
        await using var world = await World.CreateAsync("a1");
        await world.KeepVersionsAsync(count);
        for (var time = 0; time < 4; time++)
            await world.RotateAsync();

        Assert.Equal(
            Enumerable.Range(5 - count, count + 1),
            await world.Store.ListSecretVersionsAsync(world.Credential.Id, TestContext.Current.CancellationToken));
        foreach (var record in await world.Store.ListRotationsAsync(new(), TestContext.Current.CancellationToken))
        {
            var document = RotationDocument.Deserialize((await world.Store.ReadRotationAsync(record.RotationId, TestContext.Current.CancellationToken))!.Document);
            Assert.Equal(record.FromVersion >= 5 - count, document.From.Password.Length > 0);
            Assert.Equal(record.ToVersion >= 5 - count, document.To.Password.Length > 0);
        }
    }

    [Fact]
    public async Task The_passwords_of_a_retained_login_are_kept_until_its_time_is_over()
    {
        await using var world = await World.CreateAsync("a1");
        await world.KeepVersionsAsync(0);
        await world.RotateAsync(Keep);
        await world.RotateAsync(Keep);
        Assert.Equal([1, 2, 3], await world.Store.ListSecretVersionsAsync(world.Credential.Id, TestContext.Current.CancellationToken));

        world.Time.Advance(TimeSpan.FromDays(2));
        await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);
        await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);

        Assert.Equal([3], await world.Store.ListSecretVersionsAsync(world.Credential.Id, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Once_retention_is_over_and_the_password_is_erased_undo_says_so_and_changes_nothing()
    {
        await using var world = await World.CreateAsync("a1");
        await world.KeepVersionsAsync(0);
        await world.RotateAsync(Keep);
        world.Time.Advance(TimeSpan.FromDays(2));

        // Over, but nobody has come to retire it yet: then it can still be had.
        await world.Runner().UndoAsync(Keep, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        await world.Runner().UndoAsync(Keep, world.Observer, TestContext.Current.CancellationToken);
        world.Time.Advance(TimeSpan.FromDays(2));
        await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);
        var live = await world.LiveLoginAsync();

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.UndoNotPossible, exception.Code);
        Assert.Contains("The password of 'app' was erased", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"Nothing was changed; '{live.Username}' is live", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Contains("Invoke-NebulaRotation", exception.RecommendedAction, StringComparison.Ordinal);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_retired_password_is_erased_when_its_time_is_over_and_undo_says_so()
    {
        await using var world = await World.CreateAsync("a1");
        await world.ChangeAsync(credential => credential with { KeepVersions = 5, KeepVersionsFor = TimeSpan.FromDays(30) });
        var first = await world.RotateAsync();
        world.Time.Advance(TimeSpan.FromDays(20));
        await world.RotateAsync();
        Assert.Equal([1, 2, 3], await world.Store.ListSecretVersionsAsync(world.Credential.Id, TestContext.Current.CancellationToken));

        // Nothing is open: a resume looks all the same. The next rotation does, too.
        world.Time.Advance(TimeSpan.FromDays(20));
        await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal([2, 3], await world.Store.ListSecretVersionsAsync(world.Credential.Id, TestContext.Current.CancellationToken));
        var document = RotationDocument.Deserialize((await world.Store.ReadRotationAsync(first.RotationId, TestContext.Current.CancellationToken))!.Document);
        Assert.Equal((0, true), (document.From.Password.Length, document.To.Password.Length > 0));
        world.Time.Advance(TimeSpan.FromDays(20));
        await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken);
        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken));
        Assert.Equal(RotationErrorCode.UndoNotPossible, exception.Code);
        Assert.Contains("-KeepVersionsFor", exception.Message, StringComparison.Ordinal);

        await world.RotateAsync();
        Assert.Equal([3, 4], await world.Store.ListSecretVersionsAsync(world.Credential.Id, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_credential_says_how_long_old_logins_are_kept_and_a_run_may_say_otherwise()
    {
        await using var world = await World.CreateAsync("a1");
        await world.ChangeAsync(credential => credential with { RetainFor = TimeSpan.FromHours(1) });
        var record = await world.RotateAsync();
        Assert.Equal((RotationState.Retained, TimeSpan.FromHours(1)), (record.State, record.RetainUntil - record.FinishedAt));

        record = await world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.Zero });
        Assert.Equal(RotationState.Completed, record.State);
    }

    [Fact]
    public async Task Undo_of_what_was_never_rotated_says_so()
    {
        await using var world = await World.CreateAsync();

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().UndoAsync(new() { Name = "app" }, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.RotationNotFound, exception.Code);
    }
}
