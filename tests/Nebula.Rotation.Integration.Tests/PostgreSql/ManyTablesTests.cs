using System.Diagnostics;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>A login with rights on very many tables.</summary>
public abstract class ManyTablesTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : ManyTablesTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : ManyTablesTests(postgres);

    private const int Few = 1_000;

    private const int Many = 10_000;

    /// <summary>How much slower than in proportion the larger one may be, on a machine that does other things too.</summary>
    private const int Slack = 8;

    /// <summary>In one database, for the whole of CreateLogin and ClonePermissions.</summary>
    private const int MostRoundTrips = 20;

    [Fact]
    public async Task Ten_thousand_granted_tables_are_read_and_cloned_in_few_round_trips_and_in_proportion()
    {
        await using var database = await postgres.NewDatabaseAsync("many");
        await using var counter = new RoundTripCounter(database.Server.Host, database.Server.Port);
        var engine = new PostgreSqlEngine();
        var credential = Room.CredentialFor(database.Server, database.Name, "nobody") with { Port = counter.Port, SslMode = SslMode.Disable };
        await using var admin = await engine.ConnectAdminAsync(credential, new(database.Server.SuperUser, new(database.Server.SuperPassword)), Room.Ct);
        var perTransaction = await ObjectsPerTransactionAsync(database.Server);

        var times = new Dictionary<int, TimeSpan>();
        var tables = 0;
        foreach (var size in new[] { Few, Many })
        {
            await MakeTablesAsync(database.Server, database.Name, tables, size);
            tables = size;
            var (old, @new) = (await database.NewLoginAsync("old"), database.NewRoleName("new"));
            // Two kinds of table, so that one statement for all is not the answer, and one that another role granted.
            await database.ExecuteAsync(
                $"""
                GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {old};
                REVOKE INSERT ON public.t_0, public.t_1 FROM {old};
                GRANT UPDATE ON public.t_0 TO {old} WITH GRANT OPTION;
                SET ROLE {old}; GRANT UPDATE ON public.t_0 TO PUBLIC;
                """);
            var clock = Stopwatch.StartNew();
            var source = await admin.ReadSnapshotAsync(old, Room.Ct);
            Assert.Equal((2 * size) - 2 + 1, source.Facts.Count(fact => fact.Kind == FactKinds.Privilege));
            var absent = await admin.ReadSnapshotAsync(@new, Room.Ct);
            var plan = engine.Planner.PlanClone(source, absent);
            var cloning = await counter.CountAsync(() => ApplyAsync(admin, [.. plan.CreateStatements, .. plan.CloneStatements], new(@new, new("pw"))));
            var target = absent;
            var reading = await counter.CountAsync(async () => target = await admin.ReadSnapshotAsync(@new, Room.Ct));
            Room.AssertEmpty(engine.Planner.Compare(source, target, afterMove: false));
            times[size] = clock.Elapsed;
            TestContext.Current.TestOutputHelper!.WriteLine($"{size} tables: {clock.Elapsed.TotalSeconds:0.00} s, read in {reading} and cloned in {cloning} round trips, {plan.CloneStatements.Count} statements");

            Assert.Equal(1, reading);
            var transactions = ((2 * size) / perTransaction) + 1;
            Assert.InRange(cloning, 2, Math.Min(2 * transactions, MostRoundTrips));
            if (perTransaction > 2 * size)
                Assert.Equal(2, cloning);

            var dropping = await counter.CountAsync(() => ApplyAsync(admin, engine.Planner.PlanDrop(source, target), null));
            Assert.InRange(dropping, 2, MostRoundTrips);
            Assert.False((await admin.ReadSnapshotAsync(old, Room.Ct)).Exists);
        }

        Assert.True(times[Many] < times[Few] * (Many / Few) * Slack, $"{Few}: {times[Few]}, {Many}: {times[Many]}");
    }

    [Fact]
    public async Task More_grants_than_the_server_has_locks_for_are_made_in_several_transactions_and_taken_back_whole()
    {
        await using var server = await ServerRequirement.OrSkip(
            () => PostgresServer.StartAsync(
                new()
                {
                    Release = postgres.Release,
                    MaxConnections = 20,
                    MaxPreparedTransactions = 0,
                    Settings = new Dictionary<string, string> { ["max_locks_per_transaction"] = "10" },
                },
                Room.Ct),
            Assert.Skip);
        Assert.SkipWhen(server.IsExternal, "the server was given, and its locks are its own");
        const int tables = 6_000;
        await MakeTablesAsync(server, "postgres", 0, tables, atATime: 100);
        await server.ExecuteAsync("CREATE ROLE old LOGIN; CREATE ROLE other", ct: Room.Ct);
        for (var at = 0; at < tables; at += 100)
            await server.ExecuteAsync($"GRANT SELECT ON {Names(at, at + 100)} TO old WITH GRANT OPTION", ct: Room.Ct);

        // What one transaction for all would end in, where GRANT locks what it names.
        var all = server.ExecuteAsync($"GRANT SELECT ON {Names(0, tables)} TO other", ct: Room.Ct);
        if (server.Version.Major >= 18)
            Assert.Equal(PostgresErrorCodes.OutOfMemory, (await Assert.ThrowsAsync<PostgresException>(() => all)).SqlState);
        else
            await all;

        var engine = new PostgreSqlEngine();
        await using var admin = await engine.ConnectAdminAsync(Room.CredentialFor(server, "postgres", "old"), new(server.SuperUser, new(server.SuperPassword)), Room.Ct);
        var source = await admin.ReadSnapshotAsync("old", Room.Ct);
        var plan = engine.Planner.PlanClone(source, await admin.ReadSnapshotAsync("new", Room.Ct));
        IReadOnlyList<PlannedStatement> clone = [.. plan.CreateStatements, .. plan.CloneStatements];
        await ApplyAsync(admin, clone, new("new", new("pw")));
        var target = await admin.ReadSnapshotAsync("new", Room.Ct);
        Room.AssertEmpty(engine.Planner.Compare(source, target, afterMove: false));

        // The way back, and one that begins where a clone got stuck half way.
        await ApplyAsync(admin, engine.Planner.PlanDrop(target, source), null);
        await Assert.ThrowsAsync<RotationException>(() => ApplyAsync(admin, [.. clone, new() { Stage = RotationStage.ClonePermissions, Text = "SELECT 1/0" }], new("new", new("pw"))));
        var half = await admin.ReadSnapshotAsync("new", Room.Ct);
        Assert.Equal(server.Version.Major >= 18, half.Exists);
        await ApplyAsync(admin, engine.Planner.PlanDrop(half, source), null);
        Assert.False((await admin.ReadSnapshotAsync("new", Room.Ct)).Exists);
        Assert.Equal(source.Facts.ToHashSet(), (await admin.ReadSnapshotAsync("old", Room.Ct)).Facts.ToHashSet());
    }

    private static async Task ApplyAsync(IAdminConnection admin, IReadOnlyList<PlannedStatement> statements, Login? password)
    {
        await using var unit = await admin.BeginAsync(Room.Ct);
        await unit.ApplyAsync(statements, password, Room.Ct);
        await unit.CommitAsync(Room.Ct);
    }

    /// <summary>What the room may grant on in one transaction: 18 locks each object until its end.</summary>
    private static async Task<int> ObjectsPerTransactionAsync(PostgresServer server)
    {
        await using var connection = await server.OpenAsync(ct: Room.Ct);
        await using var command = new NpgsqlCommand(
            "SELECT current_setting('max_locks_per_transaction')::int * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int) / 4", connection);
        return server.Version.Major >= 18 ? (int)(await command.ExecuteScalarAsync(Room.Ct))! : int.MaxValue;
    }

    /// <summary>Some hundred at a time, since each is locked until it is committed.</summary>
    private static async Task MakeTablesAsync(PostgresServer server, string database, int from, int to, int atATime = 500)
    {
        await using var connection = await server.OpenAsync(database, ct: Room.Ct);
        for (var at = from; at < to; at += atATime)
        {
#pragma warning disable CA2100 // Numbers.
            await using var command = new NpgsqlCommand($"DO $$ BEGIN FOR i IN {at}..{Math.Min(at + atATime, to) - 1} LOOP EXECUTE 'CREATE TABLE public.t_' || i || ' ()'; END LOOP; END $$", connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(Room.Ct);
        }
    }

    private static string Names(int from, int to) => string.Join(", ", Enumerable.Range(from, to - from).Select(number => $"public.t_{number}"));
}
