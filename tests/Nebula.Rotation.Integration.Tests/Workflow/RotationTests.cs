using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Oracles;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>The whole workflow on a real server, with an application at work.</summary>
public abstract class RotationTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : RotationTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : RotationTests(postgres);

    [Fact]
    public async Task Ten_rotations_under_traffic_fail_no_query_and_lose_nothing()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var before = await ReadAsync(scene, scene.OldLogin);
        Assert.True(before.CountOfLogin(DumpKind.Grant) > 0, "the oracle reads grants");

        await using (var traffic = new Traffic(scene))
        {
            for (var round = 0; round < 10; round++)
            {
                await traffic.FlowsAsync(30);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
            }

            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
            Assert.True(traffic.Queries > 300, $"{traffic.Queries} queries");
        }

        var live = await scene.LiveAsync();
        Assert.Equal([live.Username], await scene.LoginsAsync());
        var diff = DumpOracle.Diff(before, await ReadAsync(scene, live.Username), DumpRule.PinnedSearchPath);
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Fact]
    public async Task Undo_while_draining_fails_no_query_of_either_login()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var before = await ReadAsync(scene, scene.OldLogin);
        var old = await scene.LiveAsync();
        await using (var traffic = new Traffic(scene))
        await using (var late = await scene.ConnectAsync(old))
        {
            await traffic.FlowsAsync(30);
            var draining = await scene.RotateAsync(Scene.Request(noWait: true));
            Assert.Equal(RotationState.Draining, draining.State);
            var @new = await scene.LiveAsync();
            await using var early = await scene.ConnectAsync(@new);

            // What each makes now, the other uses.
            await ExecuteAsync(late, "CREATE TABLE made_by_old (a integer); INSERT INTO made_by_old VALUES (1)");
            await ExecuteAsync(early, "CREATE TABLE made_by_new (a integer); INSERT INTO made_by_new VALUES (2); INSERT INTO made_by_old VALUES (3); ALTER TABLE made_by_old ADD b integer");
            await ExecuteAsync(late, "INSERT INTO made_by_new VALUES (4); SELECT * FROM made_by_new");
            await traffic.FlowsAsync(30);
            await early.CloseAsync();

            var undone = await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct);
            Assert.Equal(RotationState.Completed, undone.State);
            await traffic.FlowsAsync(30);
            await ExecuteAsync(late, "INSERT INTO made_by_new VALUES (5); ALTER TABLE made_by_new ADD b integer");
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal(old.Username, (await scene.LiveAsync()).Username);
        Assert.Equal([old.Username], await scene.LoginsAsync());
        await scene.Database.ExecuteAsync($"DROP TABLE {PostgresServer.Identifier(old.Username)}.made_by_old, {PostgresServer.Identifier(old.Username)}.made_by_new");
        var diff = DumpOracle.Diff(before, await ReadAsync(scene, old.Username), DumpRule.PinnedSearchPath);
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Fact]
    public async Task Undo_of_a_retained_rotation_fails_no_query_and_undo_of_that_goes_forward_again()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var before = await ReadAsync(scene, scene.OldLogin);
        var hour = TimeSpan.FromHours(1);
        await using (var traffic = new Traffic(scene))
        {
            await traffic.FlowsAsync(30);
            var retained = await scene.RotateAsync(Scene.Request(retain: hour));
            Assert.Equal(RotationState.Retained, retained.State);
            await Assert.ThrowsAsync<PostgresException>(() => scene.Database.OpenAsync(scene.OldLogin, "it's \"old\"; %@:/?#\\`ü"));
            await traffic.FlowsAsync(30);

            Assert.Equal(RotationState.Retained, (await scene.Service.UndoAsync(Scene.Request(retain: hour), new Observer(), Scene.Ct)).State);
            Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
            await traffic.FlowsAsync(30);

            Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
            Assert.Equal(retained.NewUsername, (await scene.LiveAsync()).Username);
            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
        }

        var live = await scene.LiveAsync();
        Assert.Equal([live.Username], await scene.LoginsAsync());
        var diff = DumpOracle.Diff(before, await ReadAsync(scene, live.Username), DumpRule.PinnedSearchPath);
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Theory]
    [InlineData(RotationStrategy.DualUser)]
    [InlineData(RotationStrategy.AlternatingUsers)]
    public async Task Undo_of_a_completed_rotation_makes_the_old_login_again_with_its_password_and_what_the_live_one_has_now(RotationStrategy strategy)
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await using (var traffic = new Traffic(scene))
        {
            await traffic.FlowsAsync(30);
            var completed = await scene.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.FromMilliseconds(100), Strategy = strategy });
            Assert.Equal(RotationState.Completed, completed.State);
            var current = PostgresServer.Identifier(completed.NewUsername);
            await scene.Database.ExecuteAsync($"ALTER ROLE {current} CONNECTION LIMIT 77; REVOKE GRANT OPTION FOR UPDATE ON public.shared FROM {current}");
            var before = await ReadAsync(scene, completed.NewUsername);
            await traffic.FlowsAsync(30);

            Assert.Equal(RotationState.Completed, scene.Track(await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);

            Assert.Equal((scene.OldLogin, Scene.OldPassword), ((await scene.LiveAsync()).Username, (await scene.LiveAsync()).Password.Reveal()));
            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
            if (strategy == RotationStrategy.DualUser)
            {
                Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
                var diff = DumpOracle.Diff(before, await ReadAsync(scene, scene.OldLogin), DumpRule.PinnedSearchPath);
                Assert.True(diff.IsEmpty, diff.ToString());
            }
        }

        await using var connection = await scene.Database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", connection) { Parameters = { new() { Value = scene.OldLogin } } };
        Assert.Equal(77, await command.ExecuteScalarAsync(Scene.Ct));
    }

    [Fact]
    public async Task A_long_transaction_holds_a_move_up_and_the_application_no_longer_than_the_lock_timeout()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await using var reader = await scene.Database.OpenAsync();
        await using var transaction = await reader.BeginTransactionAsync(Scene.Ct);
        await ExecuteAsync(reader, $"SELECT count(*) FROM {PostgresServer.Identifier(scene.OldLogin)}.mine");
        var waited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var observer = new Observer
        {
            Progressed = progress =>
            {
                if (progress.Activity.Contains("waiting for a lock", StringComparison.Ordinal))
                    waited.TrySetResult();
            },
        };

        await using var traffic = new Traffic(scene, workers: 1);
        var rotation = scene.Service.RotateAsync(Scene.Request(), observer, Scene.Ct);
        await waited.Task.WaitAsync(Eventually.Limit, Scene.Ct);
        await traffic.FlowsAsync(15);
        Assert.False(rotation.IsCompleted);
        await transaction.CommitAsync(Scene.Ct);

        Assert.Equal(RotationState.Completed, scene.Track(await rotation).State);
        Assert.Empty(traffic.Failures);
    }

    [Fact]
    public async Task Terminate_does_cut_off_which_proves_that_the_counter_can_count()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await using var victim = await scene.ConnectAsync(await scene.LiveAsync());

        await scene.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.Zero, OnDrainTimeout = DrainTimeoutAction.Terminate });

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(victim, "SELECT 1"));
    }

    [Fact]
    public async Task An_object_that_cannot_be_moved_is_named_and_nothing_is_touched()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await scene.Database.ExecuteAsync(
            $"""
            CREATE FOREIGN DATA WRAPPER only_mine;
            ALTER ROLE {PostgresServer.Identifier(scene.OldLogin)} SUPERUSER;
            ALTER FOREIGN DATA WRAPPER only_mine OWNER TO {PostgresServer.Identifier(scene.OldLogin)};
            ALTER ROLE {PostgresServer.Identifier(scene.OldLogin)} NOSUPERUSER;
            """);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
        Assert.Contains("only_mine", exception.Message, StringComparison.Ordinal);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        var plan = await scene.Service.PlanAsync(new() { Name = "app" }, Scene.Ct);
        Assert.False(plan.CanRotate);
        Assert.Contains(plan.Blockers, blocker => blocker.ObjectName.Contains("only_mine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_admin_without_rights_is_refused_before_anything_is_touched()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var admin = await scene.Database.NewLoginAsync("weak admin", "weak");

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(new() { Name = "app", Admin = new(admin, new("weak")) }));

        Assert.Equal(RotationErrorCode.AdminPrivilegeMissing, exception.Code);
        Assert.Contains($"'{scene.OldLogin}' is live", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
    }

    [Fact(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    public async Task The_plan_is_what_is_run()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var plan = await scene.Service.PlanAsync(new() { Name = "app" }, Scene.Ct);
        Assert.True(plan.CanRotate, string.Join("; ", plan.Blockers));
        Assert.Contains(plan.Facts, fact => fact.Kind == FactKinds.Owner);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        Assert.Empty(await scene.Store.ListRotationsAsync(new(), Scene.Ct));

        var record = await scene.RotateAsync();

        var log = await scene.Database.Server.ReadLogAsync(Scene.Ct);
        foreach (var statement in plan.Statements.Where(statement => !statement.Text.Contains("'***'", StringComparison.Ordinal)))
        {
            // Notes that travel in several statements of the log: each planned text is in it, with the name that the rotation drew.
            var text = statement.Text.Replace(plan.NewUsername, record.NewUsername, StringComparison.Ordinal);
            Assert.Contains(text, log, StringComparison.Ordinal);
        }
    }

    private static Task<DumpReading> ReadAsync(Scene scene, string login) =>
        DumpOracle.ReadAsync(scene.Database.Server, DumpRequest.Of(login, [scene.Database.Name]), Scene.Ct);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Texts of this class.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Scene.Ct);
    }
}
