using System.Diagnostics;
using System.Globalization;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>Giving a second login what the first has on very many tables, against one GRANT that names them all and against one GRANT a table.</summary>
internal sealed class CloneBench : Bench
{
    /// <summary>The argument of the process that measures memory.</summary>
    public const string OneClone = "one-clone";

    private const int StatementByStatement = 10_000;
    private static readonly int[] Sizes = [100, 1_000, 10_000, 50_000];

    public override string Name => "clone";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        await using var shop = await PostgresShop.StartAsync(cancellationToken);
        var figures = new List<Figure>();
        var clones = new Dictionary<int, TimeSpan>();
        var made = 0;
        foreach (var size in Sizes)
        {
            await shop.MakeTablesAsync(made, size);
            made = size;
            var old = await shop.NewGrantedLoginAsync(size);
            foreach (var catalog in new[] { "pg_class", "pg_shdepend" })
                await shop.Server.ExecuteAsync($"VACUUM ANALYZE {catalog}", ct: cancellationToken);
            await using var admin = await shop.Engine.ConnectAdminAsync(shop.Credential(old), shop.Admin, cancellationToken);
            await using var raw = await shop.Server.OpenAsync(ct: cancellationToken);
            var source = await admin.ReadSnapshotAsync(old, cancellationToken);
            var reading = await MedianAsync(3, () => admin.ReadSnapshotAsync(old, cancellationToken));
            var absent = await admin.ReadSnapshotAsync("nobody", cancellationToken);
            var planning = await MedianAsync(3, () => Task.Run(() => shop.Engine.Planner.PlanClone(source, absent), cancellationToken));
            var comparing = await MedianAsync(3, () => Task.Run(() => shop.Engine.Planner.Compare(source, source, afterMove: false), cancellationToken));
            GC.Collect();
            var rounds = size > 10_000 ? 2 : 4;
            var plans = new Queue<(string Name, ClonePlan Plan)>();
            for (var round = 0; round <= rounds; round++)
            {
                var name = PostgresShop.NewName("new");
                plans.Enqueue((name, shop.Engine.Planner.PlanClone(source, await admin.ReadSnapshotAsync(name, cancellationToken))));
            }

            var (clone, floor) = await PairAsync(
                rounds,
                () =>
                {
                    var (name, plan) = plans.Dequeue();
                    return PostgresShop.ApplyAsync(admin, [.. plan.CreateStatements, .. plan.CloneStatements], new(name, new(PostgresShop.Password)), cancellationToken);
                },
                async () =>
                {
                    var name = PostgresShop.NewName("floor");
                    await using var transaction = await raw.BeginTransactionAsync(cancellationToken);
                    await PostgresShop.RunAsync(raw, $"CREATE ROLE {name} LOGIN PASSWORD '{PostgresShop.Password}'; GRANT SELECT ON {PostgresShop.Tables(0, size)} TO {name}");
                    await transaction.CommitAsync(cancellationToken);
                });
            clones[size] = clone;
            figures.Add(Ratio(
                $"PostgreSQL: clone of {size:N0} granted tables", clone, floor, "one GRANT", 1.5,
                $"apart from it: read {Text(reading)}, plan {Text(planning)}, diff {Text(comparing)}"));
            if (size == StatementByStatement)
                figures.AddRange(await AgainstStatementsAsync(raw, clone, floor, size));
        }

        var growth = clones[50_000] / clones[10_000] / 5;
        figures.Add(new("PostgreSQL: growth from 10,000 to 50,000 tables", Text(clones[50_000]), $"5 × {Text(clones[10_000])}", growth, "≤ 1.5 (linear)", growth <= 1.5));
        var order = new Order(shop.Credential(await shop.NewGrantedLoginAsync(50_000)), shop.Server.SuperUser, shop.Server.SuperPassword);
        var peak = await OwnProcess.AskAsync<Order, long>(OneClone, order, cancellationToken);
        figures.Add(new("PostgreSQL: peak memory of a clone of 50,000 tables", $"{peak} MB", "", null, "≤ 150 MB", peak <= 150, "working set of a process that reads, plans, applies and compares, runtime and driver included"));
        return figures;
    }

    /// <summary>As a script sends them, each a transaction of its own; and all of them in one, which is as whole as a clone is.</summary>
    private static async Task<Figure[]> AgainstStatementsAsync(NpgsqlConnection raw, TimeSpan clone, TimeSpan floor, int size)
    {
        var alone = await TimeAsync(() => GrantEachAsync(raw, size));
        var together = await TimeAsync(async () =>
        {
            await using var transaction = await raw.BeginTransactionAsync();
            await GrantEachAsync(raw, size);
            await transaction.CommitAsync();
        });
        return
        [
            new(
                $"PostgreSQL: {size:N0} tables, faster than one GRANT a table", Text(clone), $"{Text(alone)} a statement each", alone / clone, "≥ 8", alone / clone >= 8,
                string.Create(CultureInfo.InvariantCulture, $"one GRANT that names all is {alone / floor:0.0} times as fast as these")),
            new($"PostgreSQL: {size:N0} tables, faster than one GRANT a table in one transaction", Text(clone), $"{Text(together)} a statement each", together / clone, "", null, ""),
        ];
    }

    private static async Task GrantEachAsync(NpgsqlConnection raw, int size)
    {
        var name = PostgresShop.NewName("slow");
        await PostgresShop.RunAsync(raw, $"CREATE ROLE {name} LOGIN PASSWORD '{PostgresShop.Password}'");
        for (var table = 0; table < size; table++)
            await PostgresShop.RunAsync(raw, string.Create(CultureInfo.InvariantCulture, $"GRANT SELECT ON public.t_{table} TO {name}"));
    }

    /// <summary>The process that is measured.</summary>
    public static async Task<int> RunOneCloneAsync()
    {
        var order = await OwnProcess.ReadOrderAsync<Order>();
        var engine = new PostgreSqlEngine();
        await using var admin = await engine.ConnectAdminAsync(order.Credential, new(order.User, new(order.Password)), CancellationToken.None);
        var source = await admin.ReadSnapshotAsync(order.Credential.Username, CancellationToken.None);
        var name = PostgresShop.NewName("new");
        var plan = engine.Planner.PlanClone(source, await admin.ReadSnapshotAsync(name, CancellationToken.None));
        await PostgresShop.ApplyAsync(admin, [.. plan.CreateStatements, .. plan.CloneStatements], new(name, new(PostgresShop.Password)), CancellationToken.None);
        var diff = engine.Planner.Compare(source, await admin.ReadSnapshotAsync(name, CancellationToken.None), afterMove: false);
        OwnProcess.Answer(Process.GetCurrentProcess().PeakWorkingSet64 / (1 << 20));
        return diff.IsEmpty ? 0 : 1;
    }

    private sealed record Order(DatabaseCredential Credential, string User, string Password);
}
