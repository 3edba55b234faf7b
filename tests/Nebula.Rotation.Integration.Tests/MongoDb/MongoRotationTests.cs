using MongoDB.Bson;
using MongoDB.Driver;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>The whole workflow, with an application at work; on whichever server there is.</summary>
public abstract class MongoRotationTests(SharedMongo mongo)
{
    public sealed class OnOneServer(SharedMongoServer mongo) : MongoRotationTests(mongo), IClassFixture<SharedMongoServer>;

    public sealed class OnReplicaSet(SharedMongoSet mongo) : MongoRotationTests(mongo), IClassFixture<SharedMongoSet>;

    /// <summary>The fifty in a row on the first kind; the second repeats what differs there.</summary>
    private int Rounds => this is OnOneServer ? 50 : 5;

    [Fact]
    public async Task Rotations_in_a_row_under_traffic_fail_no_operation_and_lose_nothing()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts;
        Assert.Equal(10, before.Count);

        await using (var traffic = new MongoTraffic(scene))
        {
            for (var round = 0; round < Rounds; round++)
            {
                await traffic.FlowsAsync(10);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
            }

            await traffic.FlowsAsync(10);
            Assert.Empty(traffic.Failures);
            Assert.True(traffic.Operations > Rounds * 10, $"{traffic.Operations} operations");
        }

        var live = await scene.LiveAsync();
        Assert.Equal([live.Username], await scene.UsersAsync());
        Assert.Equal(before.ToHashSet(), (await scene.SnapshotAsync(live.Username)).Facts.ToHashSet());
    }

    [Fact]
    public async Task A_check_fails_for_a_wrong_password_and_for_a_dropped_user_right_after_a_success()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        async Task<IReadOnlyList<CredentialTestResult>> CheckAsync(string password) =>
            await scene.Engine.CheckLoginAsync(scene.Credential, new(scene.OldLogin, new(password)), """{ "find": "c", "limit": 1 }""", MongoScene.Ct);

        Assert.All(await CheckAsync(MongoScene.OldPassword), check => Assert.True(check.Succeeded, check.Message));
        Assert.All(await CheckAsync("another"), check => Assert.Equal(RotationErrorCode.AuthenticationFailed, check.ErrorCode));
        Assert.All(await CheckAsync(MongoScene.OldPassword), check => Assert.True(check.Succeeded, check.Message));

        await scene.AdminAsync(new("dropUser", scene.OldLogin), scene.AuthSource);

        var gone = await CheckAsync(MongoScene.OldPassword);
        Assert.NotEmpty(gone);
        Assert.All(gone, check => Assert.Equal(RotationErrorCode.AuthenticationFailed, check.ErrorCode));
        Assert.All(gone, check => Assert.DoesNotContain(MongoScene.OldPassword, check.Message, StringComparison.Ordinal));
        await scene.NewUserAsync(scene.OldLogin, MongoScene.OldPassword, scene.Everything());
    }

    [Fact]
    public async Task A_retained_login_is_blocked_and_undo_lets_it_in_again_with_its_own_password()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts;
        var hour = TimeSpan.FromHours(1);
        await using (var traffic = new MongoTraffic(scene, workers: 1))
        {
            await traffic.FlowsAsync(4);
            var retained = await scene.RotateAsync(MongoScene.Request(retain: hour));
            Assert.Equal(RotationState.Retained, retained.State);
            Assert.False(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
            var idle = await scene.SnapshotAsync(scene.OldLogin);
            Assert.False(idle.CanLogIn);
            Assert.Equal(before, idle.Facts);

            Assert.Equal(RotationState.Retained, (await scene.Service.UndoAsync(MongoScene.Request(retain: hour), new Observer(), MongoScene.Ct)).State);
            await traffic.FlowsAsync(4);
            Assert.True(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
            Assert.Equal(before, (await scene.SnapshotAsync(scene.OldLogin)).Facts);

            Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(MongoScene.Request(), new Observer(), MongoScene.Ct)).State);
            await traffic.FlowsAsync(4);
            Assert.Empty(traffic.Failures);
        }

        var live = await scene.LiveAsync();
        Assert.Equal([live.Username], await scene.UsersAsync());
        Assert.Equal(before.ToHashSet(), (await scene.SnapshotAsync(live.Username)).Facts.ToHashSet());
    }

    [Fact]
    public async Task Two_names_take_turns_and_the_idle_one_lets_nobody_in()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync(), change: credential => credential with { Strategy = RotationStrategy.AlternatingUsers });
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet();
        var pair = new[] { scene.OldLogin, scene.OldLogin + "_b" };
        await using (var traffic = new MongoTraffic(scene, workers: 1))
        {
            for (var turn = 0; turn < 3; turn++)
            {
                var old = await scene.LiveAsync();
                await traffic.FlowsAsync(4);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
                Assert.False(await scene.LogsInAsync(old.Username, old.Password.Reveal()));
                Assert.False((await scene.SnapshotAsync(old.Username)).CanLogIn);
                Assert.Equal(pair[(turn + 1) % 2], (await scene.LiveAsync()).Username);
            }

            await traffic.FlowsAsync(4);
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal(pair, await scene.UsersAsync());
        foreach (var name in pair)
            Assert.Equal(before, (await scene.SnapshotAsync(name)).Facts.ToHashSet());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_Retire_the_next_operation_on_an_old_connection_is_refused(bool isRetained)
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts;
        var late = scene.Server.Connect(await scene.LiveAsync(), scene.AuthSource);
        try
        {
            await scene.FindAsync(late);
            var request = new RotationRequest
            {
                Name = "app",
                GracePeriod = TimeSpan.Zero,
                DrainTimeout = TimeSpan.Zero,
                OnDrainTimeout = DrainTimeoutAction.Terminate,
                RetainFor = isRetained ? TimeSpan.FromHours(1) : null,
            };
            await scene.RotateAsync(request);

            var refused = await Assert.ThrowsAnyAsync<MongoCommandException>(() => scene.FindAsync(late));
            Assert.Equal(13, refused.Code);
        }
        finally
        {
            MongoScene.Close(late);
        }

        if (!isRetained)
            return;
        Assert.Equal(before, (await scene.SnapshotAsync(scene.OldLogin)).Facts);
        await scene.Service.UndoAsync(MongoScene.Request(), new Observer(), MongoScene.Ct);
        Assert.True(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
        Assert.Equal(before, (await scene.SnapshotAsync(scene.OldLogin)).Facts);
        Assert.Equal([scene.OldLogin], await scene.UsersAsync());
    }

    [Fact]
    public async Task A_session_that_comes_before_the_door_is_closed_opens_it_again_with_the_password_it_had()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        MongoClient? late = null;
        var letIn = false;
        var observer = new Observer
        {
            Staged = stage =>
            {
                if (stage is not { Stage: RotationStage.Drain, Status: StageStatus.Succeeded } || late is not null)
                    return;
                late = scene.Server.Connect(new(scene.OldLogin, new(MongoScene.OldPassword)), scene.AuthSource);
                late.GetDatabase(scene.OtherDatabase).GetCollection<BsonDocument>("c").Find(new BsonDocument("x", 1)).FirstOrDefault(MongoScene.Ct);
            },
            Said = (_, message) =>
            {
                if (!message.Contains("is let in again", StringComparison.Ordinal))
                    return;
                letIn = true;
            },
        };
        var rotation = scene.RotateAsync(MongoScene.Request(), observer);
        await Servers.Eventually.HoldsAsync(() => letIn || rotation.IsCompleted, "the door is opened again");
        Assert.True(letIn);
        await scene.FindAsync(late!);
        MongoScene.Close(late!);

        Assert.Equal(RotationState.Completed, (await rotation).State);
        Assert.Equal([(await scene.LiveAsync()).Username], await scene.UsersAsync());
    }

    [Fact]
    public async Task Undo_after_the_drop_makes_the_old_user_again_with_its_password_and_what_the_live_one_has()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet();
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
        Assert.DoesNotContain(scene.OldLogin, await scene.UsersAsync());

        Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(MongoScene.Request(), new Observer(), MongoScene.Ct)).State);

        Assert.Equal([scene.OldLogin], await scene.UsersAsync());
        Assert.True(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
        Assert.Equal(before, (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet());
    }

    [Fact]
    public async Task What_was_granted_to_either_user_meanwhile_is_kept()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        Assert.Equal(RotationState.Draining, (await scene.RotateAsync(MongoScene.Request(noWait: true))).State);
        var live = (await scene.LiveAsync()).Username;
        await scene.AdminAsync(new() { { "grantRolesToUser", scene.OldLogin }, { "roles", new BsonArray { MongoScene.Role("dbAdmin", scene.Database) } } }, scene.AuthSource);
        await scene.AdminAsync(new() { { "grantRolesToUser", live }, { "roles", new BsonArray { MongoScene.Role("dbAdmin", scene.OtherDatabase) } } }, scene.AuthSource);

        Assert.Equal(RotationState.Completed, (await scene.Service.ResumeAsync(MongoScene.Request(), new Observer(), MongoScene.Ct)).State);

        var roles = (await scene.SnapshotAsync(live)).Facts.Where(fact => fact.Kind == FactKinds.Role).Select(fact => $"{fact.Name} {fact.Database}").ToList();
        Assert.Contains($"dbAdmin {scene.Database}", roles);
        Assert.Contains($"dbAdmin {scene.OtherDatabase}", roles);
        Assert.Equal(5, roles.Count);
    }

    [Fact]
    public async Task A_crash_after_any_step_leaves_one_login_that_works()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet();
        foreach (var stage in new[] { RotationStage.Prepare, RotationStage.ClonePermissions, RotationStage.Publish, RotationStage.Drain })
        {
            using var stop = new CancellationTokenSource();
            var observer = new Observer { Staged = done => { if (done.Stage == stage) stop.Cancel(); } };
            var stopped = await Record.ExceptionAsync(() => scene.Service.RotateAsync(MongoScene.Request(), observer, stop.Token));
            Assert.True(stopped is null or RotationException { Code: RotationErrorCode.Stopped }, stopped?.ToString());
            await scene.Service.ResumeAsync(MongoScene.Request(), new Observer(), MongoScene.Ct);

            var live = await scene.LiveAsync();
            Assert.True(await scene.LogsInAsync(live.Username, live.Password.Reveal()));
            Assert.Equal([live.Username], await scene.UsersAsync());
            Assert.Equal(before, (await scene.SnapshotAsync(live.Username)).Facts.ToHashSet());
        }
    }

    [Theory]
    [InlineData("a.b$c'd\"e ", "admin")]
    [InlineData("Grüße,=日本", "own")]
    [InlineData("{ \"$oid\" : 1 }, \"pwd\" : null", "own")]
    public async Task A_name_that_means_something_elsewhere_is_only_a_name(string nameLike, string authSource)
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync(), nameLike, authSource, change: credential => credential with { Strategy = RotationStrategy.AlternatingUsers });
        var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet();
        for (var turn = 0; turn < 2; turn++)
            await scene.RotateAsync();

        Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
        Assert.Equal(before, (await scene.SnapshotAsync(scene.OldLogin + "_b")).Facts.ToHashSet());
        Assert.Equal(before, (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet());
    }

    [Fact]
    public async Task The_plan_is_what_is_run_and_shows_no_password()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        var plan = await scene.Service.PlanAsync(new() { Name = "app" }, MongoScene.Ct);

        Assert.True(plan.CanRotate, string.Join("; ", plan.Blockers));
        Assert.Equal(["createUser", "updateUser", "dropUser"], plan.Statements.Select(statement => statement.Text.Split('"')[1]));
        Assert.Contains("\"pwd\" : '***'", plan.Statements[0].Text, StringComparison.Ordinal);
        Assert.Contains("\"pwd\" : { \"random\" : true }", plan.Statements[1].Text, StringComparison.Ordinal);
        Assert.All(plan.Statements, statement => Assert.Equal(scene.AuthSource, statement.Database));
        Assert.All(plan.Statements, statement => Assert.Contains("\"w\" : \"majority\"", statement.Text, StringComparison.Ordinal));
        Assert.Equal([scene.OldLogin], await scene.UsersAsync());
    }
}
