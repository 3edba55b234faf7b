namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class AlternatingTests
{
    private static readonly RotationRequest Flip = new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.AlternatingUsers };

    private static readonly RotationRequest KeptFlip =
        new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.AlternatingUsers, RetainFor = TimeSpan.FromDays(1) };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_names_take_turns_with_a_new_password_each_time()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        HashSet<string> passwords = [World.AppPassword];
        for (var turn = 1; turn <= 10; turn++)
        {
            var record = await world.RotateAsync(Flip);

            var live = await world.LiveLoginAsync();
            Assert.Equal(RotationState.Completed, record.State);
            Assert.Equal(turn % 2 == 0 ? "app" : "app_b", live.Username);
            Assert.Equal(turn + 1, record.ToVersion);
            Assert.True(passwords.Add(live.Password.Reveal()), "the password was used before");
            await world.AssertPairAsync("app", "app_b", "a1", "o1");
        }
    }

    [Fact]
    public async Task The_idle_login_gets_what_was_granted_and_loses_what_was_revoked_since_its_turn()
    {
        await using var world = await World.CreateAsync("a1", "a2", "o1");
        await world.RotateAsync(Flip);
        world.Server.Grant("app_b", ModelPlanner.Fact("a3"));
        world.Server.Revoke("app_b", ModelPlanner.Fact("a1"));
        Assert.Equal(["a1", "a2"], world.Server["app"].Facts.Select(fact => fact.Name));

        await world.RotateAsync(Flip);

        await world.AssertPairAsync("app", "app_b", "a2", "a3", "o1");
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
    }

    [Fact]
    public async Task A_login_that_no_rotation_left_there_is_refused_by_name_and_not_touched()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Add("app_b", "a human's");

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(Flip));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Contains("'app_b'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("AlternateUsername", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.True(world.Server.LogsIn("app_b", "a human's"));
        Assert.Null(await world.LastRotationAsync());
        await world.AssertInvariantAsync("a1");
    }

    [Fact]
    public async Task A_name_that_was_dropped_and_made_again_by_somebody_is_not_ours()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync();
        world.Server.Add("app", "a human's");
        await world.SetAlternateAsync("app");

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(Flip));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.True(world.Server.LogsIn("app", "a human's"));
    }

    [Fact]
    public async Task An_idle_login_that_somebody_enabled_is_refused()
    {
        await using var world = await World.CreateAsync("a1");
        await world.RotateAsync(Flip);
        world.Server.Add("app", "a human's");

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(Flip));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.True(world.Server.LogsIn("app", "a human's"));
        Assert.Equal("app_b", (await world.LiveLoginAsync()).Username);
    }

    [Fact]
    public async Task The_given_name_takes_turns_with_the_first_and_is_refused_when_it_is_the_only_one()
    {
        await using var world = await World.CreateAsync("a1");
        await world.SetAlternateAsync("app");
        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(Flip));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);

        await world.SetAlternateAsync("green");
        foreach (var expected in new[] { "green", "app", "green" })
        {
            await world.RotateAsync(Flip);
            Assert.Equal(expected, (await world.LiveLoginAsync()).Username);
        }

        await world.AssertPairAsync("app", "green", "a1");
    }

    [Fact]
    public async Task A_verification_that_fails_leaves_the_login_idle_again()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        await world.RotateAsync(Flip);
        world.Server.Grant("app_b", ModelPlanner.Fact("a2"));

        await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(
            new() { Name = "app", Strategy = RotationStrategy.AlternatingUsers, VerifyQuery = "fails" }));

        Assert.Equal("app_b", (await world.LiveLoginAsync()).Username);
        await world.AssertPairAsync("app", "app_b", "a1", "a2", "o1");
        await world.RotateAsync(Flip);
        await world.AssertPairAsync("app", "app_b", "a1", "a2", "o1");
    }

    [Fact]
    public async Task A_first_flip_that_fails_drops_the_login_that_it_made()
    {
        await using var world = await World.CreateAsync("a1", "o1");

        await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(
            new() { Name = "app", Strategy = RotationStrategy.AlternatingUsers, VerifyQuery = "fails" }));

        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task A_kept_login_keeps_its_password_until_its_time_is_over_and_is_idle_then()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        Assert.Equal(RotationState.Retained, (await world.RotateAsync(KeptFlip)).State);
        Assert.Equal(World.AppPassword, world.Server["app"].Password);
        Assert.False(world.Server["app"].CanLogIn);

        world.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(RotationState.Completed, (await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, Ct)).State);

        await world.AssertPairAsync("app", "app_b", "a1", "o1");
        Assert.Contains("app", world.Server.Names);
    }

    [Fact]
    public async Task Undo_of_a_kept_flip_gives_the_old_password_back_and_leaves_the_other_idle()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        await world.RotateAsync(Flip);
        var before = await world.LiveLoginAsync();
        await world.RotateAsync(KeptFlip);

        // The flip has put another password on 'app'; the undo is about 'app_b', whose password nobody touched.
        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, Ct);

        Assert.Equal("app_b", (await world.LiveLoginAsync()).Username);
        Assert.Equal(before.Password, (await world.LiveLoginAsync()).Password);
        await world.AssertPairAsync("app", "app_b", "a1", "o1");
        await world.RotateAsync(Flip);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        await world.AssertPairAsync("app", "app_b", "a1", "o1");
    }

    [Fact]
    public async Task Undo_of_a_draining_flip_is_a_flip_back()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        await world.RotateAsync(new() { Name = "app", Strategy = RotationStrategy.AlternatingUsers, NoWait = true, GracePeriod = TimeSpan.Zero });

        await world.Runner().UndoAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero }, world.Observer, Ct);

        Assert.Equal(World.AppPassword, (await world.LiveLoginAsync()).Password.Reveal());
        await world.AssertPairAsync("app", "app_b", "a1", "o1");
        Assert.Contains("app_b", world.Server.Names);
    }

    [Fact]
    public async Task A_flip_to_a_kept_login_ends_its_retention_and_nothing_touches_it_later()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var kept = await world.RotateAsync(KeptFlip);
        await world.RotateAsync(Flip);
        Assert.Equal(RotationState.Completed, (await world.Store.ReadRotationAsync(kept.RotationId, Ct))!.Record.State);

        world.Time.Advance(TimeSpan.FromDays(2));
        await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, Ct);

        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        await world.AssertPairAsync("app", "app_b", "a1", "o1");
    }

    [Fact]
    public async Task After_a_leak_the_old_password_is_gone_everywhere_and_the_login_has_its_turn_again()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        world.Server.Connect("app");
        await world.RotateAsync(new() { Name = "app", Strategy = RotationStrategy.AlternatingUsers, Emergency = true });

        await world.AssertPairAsync("app", "app_b", "a1", "o1");
        Assert.Null(await world.Store.GetLoginAsync(world.Credential.Id, 1, Ct));
        await world.RotateAsync(Flip);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        await world.AssertPairAsync("app", "app_b", "a1", "o1");
    }

    [Fact]
    public async Task A_drain_that_times_out_into_a_rollback_leaves_the_new_login_idle()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        world.Server.Connect("app");

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(new()
        {
            Name = "app",
            Strategy = RotationStrategy.AlternatingUsers,
            GracePeriod = TimeSpan.Zero,
            DrainTimeout = TimeSpan.FromMilliseconds(5),
            OnDrainTimeout = DrainTimeoutAction.RollBack,
        }));

        Assert.Equal(RotationErrorCode.DrainTimedOut, exception.Code);
        Assert.Equal(World.AppPassword, (await world.LiveLoginAsync()).Password.Reveal());
        await world.AssertPairAsync("app", "app_b", "a1", "o1");
    }

    [Fact]
    public async Task A_change_to_DualUser_drops_the_live_one_of_the_pair_and_a_change_back_begins_a_new_pair()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        await world.RotateAsync(Flip);
        await world.RotateAsync();
        var live = (await world.LiveLoginAsync()).Username;
        Assert.DoesNotContain("app_b", world.Server.Names);

        await world.RotateAsync(Flip);

        Assert.Equal($"{live}_b", (await world.LiveLoginAsync()).Username);
        Assert.False(world.Server["app"].CanLogIn);
    }
}
