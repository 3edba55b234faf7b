using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>A unit of change is all or nothing, and says what it was.</summary>
public abstract class UnitTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : UnitTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : UnitTests(postgres);

    [Fact]
    public async Task A_statement_that_only_warns_has_failed_and_nothing_is_kept()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await room.ExecuteAsync("CREATE TABLE t (); GRANT SELECT ON t TO {0}", login);
        PlannedStatement[] statements =
        [
            Statement($"COMMENT ON ROLE {Room.Quote(login)} IS 'kept?'"),
            Statement($"SET LOCAL ROLE {Room.Quote(login)}"),
            Statement("GRANT SELECT ON public.t TO PUBLIC"),
        ];
        var error = await Assert.ThrowsAsync<RotationException>(() => room.ApplyAsync(statements));
        Assert.Equal(RotationErrorCode.DatabaseError, error.Code);
        Assert.Contains("no privileges were granted", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain((await room.ReadAsync(login)).Facts, fact => fact.Kind == FactKinds.Comment);
    }

    [Fact]
    public async Task A_lock_that_is_not_to_be_had_in_time_is_transient_and_waits_no_longer_than_told()
    {
        await using var room = await Room.OpenAsync(postgres, options: new Dictionary<string, string> { ["LockTimeout"] = "100ms" });
        var (old, @new) = (await room.NewLoginAsync("old"), await room.NewLoginAsync("new"));
        await room.ExecuteAsync("CREATE TABLE t (); ALTER TABLE t OWNER TO {0}", old);
        await using var blocker = await room.ConnectAsync(old, "secret");
        await using var transaction = await blocker.BeginTransactionAsync(Room.Ct);
        await using (var command = new NpgsqlCommand("SELECT * FROM t", blocker, transaction))
            await command.ExecuteNonQueryAsync(Room.Ct);

        var step = Assert.Single(room.Planner.PlanMove(await room.ReadAsync(old), await room.ReadAsync(@new)));
        Assert.Equal($"owner:{room.Database}:TABLE:public.t", step.Key);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<TransientDatabaseException>(() => room.ApplyAsync(step.Statements));
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds, 0.09, 60);

        await transaction.RollbackAsync(Room.Ct);
        await room.ApplyAsync(step.Statements);
    }

    [Fact]
    public async Task Two_changes_of_one_role_at_a_time_are_transient()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await using var other = await room.Engine.ConnectAdminAsync(room.Credential, new(room.Server.SuperUser, new(room.Server.SuperPassword)), Room.Ct);
        await other.LockTargetAsync(login, Room.Ct);
        await using var first = await room.Admin.BeginAsync(Room.Ct);
        await first.ApplyAsync(room.Planner.PlanBlock(await room.ReadAsync(login)), null, Room.Ct);
        var waiting = Task.Run(async () =>
        {
            await using var second = await other.BeginAsync(Room.Ct);
            await second.ApplyAsync([Statement($"ALTER ROLE {Room.Quote(login)} CONNECTION LIMIT 1")], null, Room.Ct);
        }, Room.Ct);
        await Eventually.HoldsAsync(
            () => room.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"), "the second change waits for the first");
        await first.CommitAsync(Room.Ct);
        await Assert.ThrowsAsync<TransientDatabaseException>(() => waiting);

        // The driver gives up a connection for that; the next try is on another one, and under the same lock.
        await using var again = await other.BeginAsync(Room.Ct);
        await again.ApplyAsync([Statement($"ALTER ROLE {Room.Quote(login)} CONNECTION LIMIT 1")], null, Room.Ct);
        await again.CommitAsync(Room.Ct);
        Assert.Contains((await room.ReadAsync(login)).Facts, fact => fact is { Name: "CONNECTION LIMIT", Value: "1" });
        Assert.True(await room.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"));
    }

    [Fact]
    public async Task A_failing_statement_is_named_and_its_verifier_is_not()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        PlannedStatement[] statements = [new() { Stage = RotationStage.CreateLogin, Text = $"CREATE ROLE {Room.Quote(login)} PASSWORD ", TextAfterPassword = "" }];
        var error = await Assert.ThrowsAsync<RotationException>(() => room.ApplyAsync(statements, new(login, new("hidden"))));
        Assert.Contains("already exists", error.Message, StringComparison.Ordinal);
        Assert.Contains("PASSWORD '***'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SCRAM", error.ToString(), StringComparison.Ordinal);
        Assert.Null(error.InnerException);
    }

    [Fact]
    public async Task What_was_made_meanwhile_stops_the_drop_and_moves_in_the_next_round()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), await room.NewLoginAsync("new"));
        await room.ExecuteAsync("CREATE TABLE t (); GRANT SELECT ON t TO {0}", old);
        var drop = room.Planner.PlanDrop(await room.ReadAsync(old), await room.ReadAsync(@new));
        await room.ExecuteAsync("CREATE TABLE \"made late\" (a integer); INSERT INTO \"made late\" VALUES (1); ALTER TABLE \"made late\" OWNER TO {0}", old);

        var error = await Assert.ThrowsAsync<RotationException>(() => room.ApplyAsync(drop));
        Assert.Contains("made late", error.Message, StringComparison.Ordinal);
        Assert.Contains((await room.ReadAsync(old)).Facts, fact => fact.Kind == FactKinds.Privilege);

        await room.MoveAsync(old, @new);
        await room.ApplyAsync(room.Planner.PlanDrop(await room.ReadAsync(old), await room.ReadAsync(@new)));
        Assert.Equal(1, await room.ScalarAsync<int>("SELECT a FROM \"made late\""));
    }

    [Fact]
    public async Task A_thousand_tables_are_granted_in_few_statements()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        await room.ExecuteAsync("DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE t%s ()', i); END LOOP; END $$");
        await room.ExecuteAsync("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {0}", old);
        var plan = await room.CloneAsync(old, @new);
        Assert.Equal(2, plan.CloneStatements.Count);
        await room.RetireAsync(old, @new);
    }

    [Fact]
    public async Task A_stop_while_a_statement_waits_ends_it()
    {
        await using var room = await Room.OpenAsync(postgres);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await using var unit = await room.Admin.BeginAsync(Room.Ct);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unit.ApplyAsync([Statement("SELECT pg_sleep(60)")], null, stop.Token));
    }

    private static PlannedStatement Statement(string text) => new() { Stage = RotationStage.Retire, Text = text };
}
