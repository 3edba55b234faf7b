using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Oracles;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>What a login owns moves to an owner role and back, with an application at work.</summary>
public abstract class OwnershipTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : OwnershipTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : OwnershipTests(postgres);

    [Fact]
    public async Task A_conversion_under_traffic_fails_no_query_and_rotations_after_it_move_nothing()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        var (login, owner) = (scene.Inner.OldLogin, scene.Owner);
        var before = await scene.ReadAsync(login);
        var owned = await scene.OwnedAsync(login);
        Assert.True(owned.Count > 15, $"{owned.Count} objects");
        List<OwnershipChange> changes = [];
        await using (var traffic = scene.NewTraffic())
        {
            await traffic.FlowsAsync(30);
            var result = await scene.ConvertAsync(observer: new() { Owned = changes.Add });
            Assert.Equal((OwnershipStep.Result, StageStatus.Succeeded, owner), (result.Step, result.Status, result.NewOwner));
            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
        }

        // Everything is the owner's, one object a line; the login has what it had, and the membership.
        Assert.Empty(await scene.OwnedAsync(login));
        Assert.Equal(owned.ToHashSet(), (await scene.OwnedAsync(owner)).ToHashSet());
        var moves = changes.Where(change => change.Step == OwnershipStep.Move).Select(change => (change.ObjectType, change.ObjectName)).ToList();
        Assert.Equal(owned.Where(fact => fact.Value != FactKinds.Follows).Select(fact => (fact.ObjectType, fact.ObjectName)).Order(), moves.Order());
        var now = await scene.ReadAsync(login);
        Assert.Equal(
            before.Facts.Where(fact => !fact.IsExclusive).ToHashSet(),
            now.Facts.Where(fact => fact.ObjectName != OwnershipScene.Quote(owner) && fact.Grantee != OwnershipScene.Quote(owner)).ToHashSet());
        Assert.Empty((await scene.Inner.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct))[0].Drift!);

        // A second time there is nothing to do, and the history stays as it is.
        Assert.Equal(StageStatus.Skipped, (await scene.ConvertAsync()).Status);
        Assert.Equal((RotationKind.Ownership, RotationState.Completed, 1), ((await scene.LastAsync()).Kind, (await scene.LastAsync()).State, (await scene.Inner.Store.ListRotationsAsync(new(), Scene.Ct)).Count));

        await using (var traffic = scene.NewTraffic())
        {
            for (var round = 0; round < 2; round++)
            {
                await traffic.FlowsAsync(20);
                var rotation = await scene.Inner.RotateAsync();
                Assert.Equal(RotationState.Completed, rotation.State);
                Assert.Equal(0, rotation.Stages.Single(stage => stage.Stage == RotationStage.Retire).Details["Moved"]);
            }

            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal(owned.ToHashSet(), (await scene.OwnedAsync(owner)).ToHashSet());
        await RunMigrationAsync(scene, login);
    }

    [Fact]
    public async Task A_long_transaction_holds_a_move_up_and_no_statement_waits_longer_than_the_lock_timeout()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        await using var reader = await scene.Database.OpenAsync();
        await using var transaction = await reader.BeginTransactionAsync(Scene.Ct);
        await OwnershipScene.ExecuteAsync(reader, $"SELECT count(*) FROM {OwnershipScene.Quote(scene.Inner.OldLogin)}.mine");
        var waits = 0;
        await using var traffic = scene.NewTraffic(workers: 1);
        var conversion = scene.ConvertAsync(observer: new()
        {
            Progressed = progress => Interlocked.Add(ref waits, progress.Activity.Contains("waiting for a lock", StringComparison.Ordinal) ? 1 : 0),
        });
        await Eventually.HoldsAsync(() => Volatile.Read(ref waits) >= 3, "three tries");
        await traffic.FlowsAsync(30);
        Assert.False(conversion.IsCompleted);
        await transaction.CommitAsync(Scene.Ct);
        Assert.Equal(StageStatus.Succeeded, (await conversion).Status);
        await traffic.FlowsAsync(10);
        Assert.Empty(traffic.Failures);

        // The application's patience would have told: a lock that is held for longer fails it.
        await OwnershipScene.ExecuteAsync(reader, $"BEGIN; LOCK TABLE {OwnershipScene.Quote(scene.Inner.OldLogin)}.mine");
        await Eventually.HoldsAsync(() => traffic.Failures.Count > 0, "a failed query");
    }

    [Fact]
    public async Task Killed_anywhere_it_goes_on_and_back_and_leaves_everything_as_it_was()
    {
        const int Points = 2;
        var writes = await CountAsync();
        Assert.True(writes > 30, $"{writes} writes");
        for (var point = 0; point < Points; point++)
        {
            await using var scene = await OwnershipScene.CreateAsync(postgres);
            var login = scene.Inner.OldLogin;
            var (before, facts, dump) = (await scene.OwnedAsync(login), await scene.ReadAsync(login), await scene.DumpAsync(login));
            await using (var traffic = scene.NewTraffic(workers: 1))
            {
                await traffic.FlowsAsync(9);
                var at = 10 + (point * writes / 2);
                Assert.NotEmpty(await DyingRunner.RunAsync(scene.Inner.StorePath, at, DyingRunner.Convert, scene.Owner));
                await traffic.FlowsAsync(10);
                if (point == 1)
                    Assert.Equal(RotationState.Completed, (await scene.Inner.Service.ResumeAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
                else
                    await scene.ConvertAsync();
                Assert.Empty(await scene.OwnedAsync(login));
                await traffic.FlowsAsync(10);

                Assert.NotEmpty(await DyingRunner.RunAsync(scene.Inner.StorePath, Math.Min(at - 1, writes - 12), DyingRunner.ConvertBack, scene.Owner));
                await traffic.FlowsAsync(10);
                await scene.ConvertAsync(undo: true);
                await traffic.FlowsAsync(10);
                Assert.Empty(traffic.Failures);
            }

            Assert.False((await scene.ReadAsync(scene.Owner)).Exists);
            Assert.Equal(before.ToHashSet(), (await scene.OwnedAsync(login)).ToHashSet());
            Assert.Equal(facts.Facts.ToHashSet(), (await scene.ReadAsync(login)).Facts.ToHashSet());
            var diff = DumpOracle.Diff(dump, await scene.DumpAsync(login));
            Assert.True(diff.IsEmpty, diff.ToString());
            Assert.DoesNotContain(await scene.Inner.Store.ListRotationsAsync(new(), Scene.Ct), record => record.State == RotationState.Running);
        }
    }

    [Fact]
    public async Task Stopped_half_way_it_stands_in_no_rotations_way_and_goes_on_afterwards()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Scene.Ct);
        var moved = 0;
        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.ConvertAsync(
            observer: new()
            {
                Owned = change =>
                {
                    if (change.Step == OwnershipStep.Move && ++moved == 3)
                        stop.Cancel();
                },
            },
            stop: stop.Token));
        Assert.Equal(RotationErrorCode.Stopped, exception.Code);
        Assert.Equal(RotationState.Incomplete, (await scene.LastAsync()).State);
        Assert.InRange((await scene.OwnedAsync(scene.Owner)).Count, 3, 8);

        // Without the REFRESH, which a rotation's own GRANT and REVOKE can run into.
        await using var traffic = new Traffic(scene.Inner, 1, work: [.. OwnershipScene.Work.Where(text => !text.StartsWith("REFRESH", StringComparison.Ordinal))]);
        await traffic.FlowsAsync(20);
        var rotation = await scene.Inner.RotateAsync();
        Assert.Equal(RotationState.Completed, rotation.State);
        await traffic.FlowsAsync(20);
        Assert.Equal(StageStatus.Succeeded, (await scene.ConvertAsync()).Status);
        Assert.Empty(await scene.OwnedAsync(rotation.NewUsername));
        await traffic.FlowsAsync(20);

        // A runner that died is set aside, too.
        await scene.ConvertAsync(undo: true);
        Assert.NotEmpty(await DyingRunner.RunAsync(scene.Inner.StorePath, 12, DyingRunner.Convert, scene.Owner));
        Assert.Equal(RotationState.Running, (await scene.LastAsync()).State);
        var died = (await scene.LastAsync()).RotationId;
        var refused = await Assert.ThrowsAsync<RotationException>(() => scene.Inner.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct));
        Assert.Equal(RotationErrorCode.UndoNotPossible, refused.Code);
        Assert.Equal(RotationState.Completed, (await scene.Inner.RotateAsync()).State);
        Assert.Equal(RotationState.Incomplete, (await scene.Inner.Store.ReadRotationAsync(died, Scene.Ct))!.Record.State);
        await traffic.FlowsAsync(20);
        Assert.Empty(traffic.Failures);
    }

    [Fact(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    public async Task The_plan_touches_nothing_and_is_what_is_run()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        var (before, dump) = (await scene.ReadAsync(scene.Inner.OldLogin), await scene.DumpAsync(scene.Inner.OldLogin));
        var plan = await scene.Inner.Service.PlanOwnershipAsync(scene.Request(), Scene.Ct);
        Assert.Empty(plan.Blockers);
        Assert.Contains(plan.Statements, statement => statement.Text.StartsWith("CREATE ROLE", StringComparison.Ordinal));
        Assert.Contains(plan.Warnings, warning => warning.Contains("from both", StringComparison.Ordinal));
        Assert.Equal("app_owner", (await scene.Inner.Service.PlanOwnershipAsync(new() { Name = "app" }, Scene.Ct)).NewUsername);
        Assert.Equal(before.Facts.ToHashSet(), (await scene.ReadAsync(scene.Inner.OldLogin)).Facts.ToHashSet());
        Assert.True(DumpOracle.Diff(dump, await scene.DumpAsync(scene.Inner.OldLogin)).IsEmpty);
        Assert.False((await scene.ReadAsync(scene.Owner)).Exists);
        Assert.Empty(await scene.Inner.Store.ListRotationsAsync(new(), Scene.Ct));

        await scene.ConvertAsync();
        var log = await scene.Database.Server.ReadLogAsync(Scene.Ct);
        Assert.All(plan.Statements, statement => Assert.Contains(statement.Text, log, StringComparison.Ordinal));
        Assert.Empty((await scene.Inner.Service.PlanOwnershipAsync(scene.Request(), Scene.Ct)).Statements);
    }

    [Fact]
    public async Task What_cannot_be_moved_or_cannot_own_is_named_and_nothing_is_touched()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        var login = OwnershipScene.Quote(scene.Inner.OldLogin);
        async Task<RotationException> RefusedAsync(RotationErrorCode code, OwnershipRequest? request = null)
        {
            var exception = await Assert.ThrowsAsync<RotationException>(() => scene.Inner.Service.ConvertOwnershipAsync(request ?? scene.Request(), new Observer(), Scene.Ct));
            Assert.Equal(code, exception.Code);
            Assert.Empty(await scene.Inner.Store.ListRotationsAsync(new(), Scene.Ct));
            return exception;
        }

        await scene.Database.ExecuteAsync($"CREATE FOREIGN DATA WRAPPER only_mine; ALTER ROLE {login} SUPERUSER; ALTER FOREIGN DATA WRAPPER only_mine OWNER TO {login}");
        Assert.Contains("superuser", (await RefusedAsync(RotationErrorCode.PlanBlocked)).Message, StringComparison.Ordinal);
        await scene.Database.ExecuteAsync($"ALTER ROLE {login} NOSUPERUSER");
        Assert.Contains("only_mine", (await RefusedAsync(RotationErrorCode.PlanBlocked)).Message, StringComparison.Ordinal);
        Assert.Contains((await scene.Inner.Service.PlanOwnershipAsync(scene.Request(), Scene.Ct)).Blockers, blocker => blocker.ObjectName.Contains("only_mine", StringComparison.Ordinal));
        await scene.Database.ExecuteAsync("DROP FOREIGN DATA WRAPPER only_mine");
        Assert.False((await scene.ReadAsync(scene.Owner)).Exists);

        var other = await scene.Database.NewLoginAsync("a human");
        Assert.Contains("can log in", (await RefusedAsync(RotationErrorCode.PlanBlocked, new() { Name = "app", Owner = other })).Message, StringComparison.Ordinal);
        await RefusedAsync(RotationErrorCode.InvalidArgument, new() { Name = "app", Owner = scene.Inner.OldLogin });
        await RefusedAsync(RotationErrorCode.InvalidArgument, new() { Name = "app", Owner = "pg_owner" });
        await RefusedAsync(RotationErrorCode.InvalidArgument, new() { Name = "app", Owner = new('x', 64) });
        var weak = await scene.Database.NewLoginAsync("weak", "weak");
        await RefusedAsync(RotationErrorCode.AdminPrivilegeMissing, new() { Name = "app", Owner = scene.Owner, Admin = new(weak, new("weak")) });

        if (scene.Database.Server.Version.Major < 16)
        {
            await scene.Database.ExecuteAsync($"ALTER ROLE {login} NOINHERIT");
            Assert.Contains("NOINHERIT", (await RefusedAsync(RotationErrorCode.PlanBlocked)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_role_that_was_there_before_is_named_to_be_taken_and_keeps_what_is_its_own()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        var owner = OwnershipScene.Quote(scene.Owner);
        await scene.Database.ExecuteAsync(
            $"""
            CREATE ROLE {owner}; GRANT {owner} TO {OwnershipScene.Quote(scene.Third)};
            CREATE SCHEMA shop AUTHORIZATION {owner}; SET ROLE {owner}; CREATE TABLE shop.items (a integer); RESET ROLE;
            GRANT SELECT ON public.shared TO {owner};
            """);
        var (before, mine) = (await scene.ReadAsync(scene.Owner), await scene.ReadAsync(scene.Inner.OldLogin));
        var warned = false;

        await scene.ConvertAsync(observer: new() { Said = (kind, text) => warned |= kind == RotationMessageKind.Warning && text.Contains("there already", StringComparison.Ordinal) });
        Assert.True(warned);
        Assert.Equal(before.Facts.Count(fact => fact.IsExclusive) + mine.Facts.Count(fact => fact.IsExclusive), (await scene.OwnedAsync(scene.Owner)).Count);

        // A member that came since would lose what it can use now; those before gained it, and have what they had.
        var member = await scene.Database.NewLoginAsync("member");
        await scene.Database.ExecuteAsync($"GRANT {owner} TO {OwnershipScene.Quote(member)}");
        var refused = await Assert.ThrowsAsync<RotationException>(() => scene.ConvertAsync(undo: true));
        Assert.Contains(member, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(scene.Third, refused.Message, StringComparison.Ordinal);
        await scene.Database.ExecuteAsync($"REVOKE {owner} FROM {OwnershipScene.Quote(member)}");
        await scene.ConvertAsync(undo: true);
        Assert.Equal(before.Facts.ToHashSet(), (await scene.ReadAsync(scene.Owner)).Facts.ToHashSet());
        Assert.Equal(mine.Facts.ToHashSet(), (await scene.ReadAsync(scene.Inner.OldLogin)).Facts.ToHashSet());
    }

    [Fact]
    public async Task Every_database_and_extensions_move_and_come_back()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        await using var other = await postgres.NewDatabaseAsync("other");
        var login = OwnershipScene.Quote(scene.Inner.OldLogin);
        await other.ExecuteAsync(
            $"""
            ALTER DATABASE {OwnershipScene.Quote(other.Name)} OWNER TO {login};
            SET ROLE {login}; CREATE EXTENSION pg_trgm; CREATE SCHEMA s; CREATE TABLE s.t (a integer); CREATE VIEW s.v AS SELECT * FROM s.t;
            """);
        var before = await scene.OwnedAsync(scene.Inner.OldLogin);
        Assert.Contains(before, fact => fact.ObjectType == "EXTENSION");
        Assert.Contains(before, fact => fact.ObjectType == "DATABASE");
        await scene.ConvertAsync();
        Assert.Empty(await scene.OwnedAsync(scene.Inner.OldLogin));
        Assert.Equal(before.ToHashSet(), (await scene.OwnedAsync(scene.Owner)).ToHashSet());
        var live = await scene.Inner.LiveAsync();
        await using (var session = await other.OpenAsync(live.Username, live.Password.Reveal()))
            await OwnershipScene.ExecuteAsync(session, "CREATE SCHEMA made; ALTER TABLE s.t ADD b integer; ALTER EXTENSION pg_trgm UPDATE; DROP SCHEMA made");
        await scene.ConvertAsync(undo: true);
        Assert.Equal(before.ToHashSet(), (await scene.OwnedAsync(scene.Inner.OldLogin)).ToHashSet());
        Assert.False((await scene.ReadAsync(scene.Owner)).Exists);
    }

    /// <summary>What an application does with its own objects later, as the login that it has by then.</summary>
    private static async Task RunMigrationAsync(OwnershipScene scene, string schema)
    {
        var live = await scene.Inner.LiveAsync();
        await using (var session = await scene.Inner.ConnectAsync(live))
        {
            await OwnershipScene.ExecuteAsync(
                session,
                $"""
                CREATE TABLE added (id bigserial PRIMARY KEY, parent integer REFERENCES parent);
                CREATE OR REPLACE VIEW rate_of_rate AS SELECT (SELECT count(*)::integer FROM added) AS n;
                CREATE OR REPLACE FUNCTION count_up() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = {OwnershipScene.Quote(schema)}
                  AS 'INSERT INTO added (parent) VALUES (1); SELECT count(*) FROM added';
                ALTER TABLE mine ADD more serial; CREATE INDEX ON mine (note); TRUNCATE child; ALTER TYPE mood ADD VALUE 'better';
                GRANT SELECT ON mine TO {OwnershipScene.Quote(scene.Third)};
                DROP TABLE ruled; DROP SEQUENCE numbers; DROP DOMAIN small;
                """);
            // What works in the owner's name reaches what the login has just made.
            await OwnershipScene.ExecuteAsync(session, "SELECT twice(); SELECT n FROM rate_of_rate");
            await Assert.ThrowsAsync<PostgresException>(() => OwnershipScene.ExecuteAsync(session, "DELETE FROM kept"));
            // What is made as the owner stays there; others get on it what they get on the login's own.
            await OwnershipScene.ExecuteAsync(session, $"SET ROLE {OwnershipScene.Quote(scene.Owner)}; CREATE TABLE {OwnershipScene.Quote(schema)}.by_owner (a integer)");
        }

        Assert.Contains(await scene.OwnedAsync(scene.Owner), fact => fact.ObjectName!.EndsWith("by_owner", StringComparison.Ordinal));
        Assert.Equal(2, (await scene.OwnedAsync(live.Username)).Count);
        Assert.Equal(StageStatus.Succeeded, (await scene.ConvertAsync()).Status);
        Assert.Empty(await scene.OwnedAsync(live.Username));
    }

    private async Task<int> CountAsync()
    {
        await using var scene = await OwnershipScene.CreateAsync(postgres);
        return int.Parse(await DyingRunner.RunAsync(scene.Inner.StorePath, int.MaxValue, DyingRunner.Convert, scene.Owner), System.Globalization.CultureInfo.InvariantCulture);
    }
}
