using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Tests.Workflow;

public sealed class RotationTests
{
    [Fact]
    public async Task A_rotation_reports_every_stage_in_order_and_leaves_one_login_with_every_fact()
    {
        await using var world = await World.CreateAsync("a1", "a2", "o1", "o2");

        var record = await world.RotateAsync();

        Assert.Equal(RotationState.Completed, record.State);
        Assert.Equal(Enum.GetValues<RotationStage>().Where(stage => stage <= RotationStage.Complete), world.Observer.Stages.Select(stage => stage.Stage));
        Assert.All(world.Observer.Stages, stage => Assert.Equal(StageStatus.Succeeded, stage.Status));
        Assert.Equal(world.Observer.Stages.Select(stage => stage.Message), record.Stages.Select(stage => stage.Message));
        var live = await world.LiveLoginAsync();
        Assert.Matches("^app_[0-9a-f]{8}$", live.Username);
        Assert.NotEqual(World.AppPassword, live.Password.Reveal());
        await world.AssertCleanAsync("a1", "a2", "o1", "o2");
    }

    [Fact]
    public async Task Fifty_rotations_in_a_row_end_where_they_began()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        for (var round = 0; round < 50; round++)
            await world.RotateAsync();

        await world.AssertCleanAsync("a1", "o1");
        Assert.Equal(51, (await world.Store.GetCurrentLoginAsync(world.Credential.Id, TestContext.Current.CancellationToken)).Version);
    }

    [Theory]
    [InlineData("create", RotationErrorCode.CreateLoginFailed)]
    [InlineData("grant", RotationErrorCode.ClonePermissionsFailed)]
    public async Task A_statement_that_fails_rolls_back_and_says_so(string statement, RotationErrorCode code)
    {
        await using var world = await World.CreateAsync("a1", "o1");
        world.Server.Fault = text =>
            text.StartsWith(statement, StringComparison.Ordinal) ? new RotationException(RotationErrorCode.DatabaseError, "the server said no") : null;

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(code, exception.Code);
        Assert.Contains("the server said no", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'app' is live", exception.Message, StringComparison.Ordinal);
        Assert.Equal(RotationState.RolledBack, (await world.LastRotationAsync())!.State);
        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task A_fact_that_was_not_cloned_fails_at_Verify_by_name()
    {
        await using var world = await World.CreateAsync("a1", "a2");
        world.Planner.Forgets = "a2";

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Contains("a2", exception.Message, StringComparison.Ordinal);
        await world.AssertCleanAsync("a1", "a2");
    }

    [Fact]
    public async Task A_verify_query_that_the_new_login_cannot_run_rolls_back()
    {
        await using var world = await World.CreateAsync("a1");

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.RotateAsync(new() { Name = "app", VerifyQuery = "fails" }));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_publish_script_that_fails_is_called_again_with_the_old_login()
    {
        await using var world = await World.CreateAsync("a1");
        List<string> published = [];
        world.Observer.Publish = context =>
        {
            published.Add($"{context.Login.Username} {context.IsRollback}");
            return context.IsRollback ? Task.CompletedTask : throw new InvalidOperationException("cannot reach it, password is " + context.Login.Password.Reveal());
        };

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.PublishFailed, exception.Code);
        Assert.Contains("password is ***", exception.Message, StringComparison.Ordinal);
        Assert.Null(exception.InnerException);
        Assert.Equal(2, published.Count);
        Assert.Equal("app True", published[1]);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_lock_that_is_not_to_be_had_at_once_is_tried_again()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        var refusals = 3;
        world.Server.Fault = text =>
            text.StartsWith("revoke|app|o1", StringComparison.Ordinal) && refusals-- > 0
                ? new TransientDatabaseException("locked", new TimeoutException())
                : null;

        await world.RotateAsync();

        await world.AssertCleanAsync("a1", "o1");
    }

    [Fact]
    public async Task A_lock_that_is_never_to_be_had_leaves_the_new_login_live_and_the_record_open()
    {
        await using var world = await World.CreateAsync("a1", "o1", "o2");
        world.RetryBudget = TimeSpan.FromMilliseconds(200);
        world.Server.Fault = text =>
            text.StartsWith("revoke|app|o2", StringComparison.Ordinal) ? new TransientDatabaseException("locked", new TimeoutException()) : null;

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.DropLoginFailed, exception.Code);
        Assert.Contains("Resume-NebulaRotation", exception.RecommendedAction, StringComparison.Ordinal);
        var live = await world.LiveLoginAsync();
        Assert.NotEqual("app", live.Username);
        Assert.Contains($"'{live.Username}' is live", exception.Message, StringComparison.Ordinal);
        Assert.Equal(RotationState.Draining, (await world.LastRotationAsync())!.State);

        world.Server.Fault = _ => null;
        var resumed = await world.Runner().ResumeAsync(World.Request, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal(RotationState.Completed, resumed.State);
        await world.AssertCleanAsync("a1", "o1", "o2");
    }

    [Fact]
    public async Task What_was_granted_to_the_old_login_meanwhile_reaches_the_new_one()
    {
        await using var world = await World.CreateAsync("a1");
        world.Observer.Staged = stage =>
        {
            if (stage.Stage == RotationStage.Publish)
                world.Server.Grant("app", ModelPlanner.Fact("a2"));
        };

        await world.RotateAsync();

        await world.AssertCleanAsync("a1", "a2");
    }

    [Fact]
    public async Task What_was_granted_to_the_live_login_during_the_drain_stays()
    {
        await using var world = await World.CreateAsync("a1");
        world.Observer.Staged = stage =>
        {
            if (stage.Stage == RotationStage.Publish)
                world.Server.Grant(stage.NewUsername, ModelPlanner.Fact("a3"));
        };

        await world.RotateAsync();

        await world.AssertCleanAsync("a1", "a3");
    }

    [Fact]
    public async Task A_blocker_is_named_before_anything_is_touched()
    {
        await using var world = await World.CreateAsync("a1", "?mystery");

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
        Assert.Contains("?mystery", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'app' is live", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Null(await world.LastRotationAsync());
        await world.AssertCleanAsync("a1", "?mystery");
    }

    [Fact]
    public async Task A_password_changed_by_hand_is_noticed_before_anything_is_touched()
    {
        await using var world = await World.CreateAsync();
        world.Server.Add("app", "changed by hand");

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.StoreDatabaseMismatch, exception.Code);
        Assert.Contains("Set-NebulaDbCredential", exception.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_admin_password_changes_nothing()
    {
        await using var world = await World.CreateAsync("a1");

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.RotateAsync(new() { Name = "app", Admin = new("postgres", new("wrong")) }));

        Assert.Equal(RotationErrorCode.AdminAuthenticationFailed, exception.Code);
        Assert.Contains("Nothing was changed; 'app' is live", exception.RecommendedAction, StringComparison.Ordinal);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_hold_refuses_with_its_reason()
    {
        await using var world = await World.CreateAsync();
        await world.Store.UpdateAsync(world.Credential with { HoldReason = "audit week" }, null, null, TestContext.Current.CancellationToken);

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.CredentialOnHold, exception.Code);
        Assert.Contains("audit week", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runners_at_once_are_told_apart()
    {
        await using var world = await World.CreateAsync("a1");
        var inPublish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Observer.Publish = async _ =>
        {
            inPublish.TrySetResult();
            await goOn.Task;
        };
        var first = world.RotateAsync();
        await inPublish.Task;

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => world.Runner().RotateAsync(World.Request, new RecordingObserver(), TestContext.Current.CancellationToken));
        goOn.SetResult();
        await first;

        Assert.Equal(RotationErrorCode.LeaseHeld, exception.Code);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_runner_that_lost_its_lease_touches_nothing_more()
    {
        await using var world = await World.CreateAsync("a1");
        world.Observer.Staged = stage =>
        {
            if (stage.Stage != RotationStage.Verify)
                return;
            world.Time.Advance(TimeSpan.FromHours(1));
            world.Store.AcquireLeaseAsync(world.Credential.Id, TimeSpan.FromMinutes(1), CancellationToken.None).GetAwaiter().GetResult();
        };

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.LeaseLost, exception.Code);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
        Assert.Equal(RotationState.Running, (await world.LastRotationAsync())!.State);

        world.Time.Advance(TimeSpan.FromHours(1));
        await world.Runner().ResumeAsync(World.Request, new RecordingObserver(), TestContext.Current.CancellationToken);
        await world.AssertCleanAsync("a1");
    }
}
