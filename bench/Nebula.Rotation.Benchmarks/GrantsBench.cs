using System.Globalization;
using MySqlConnector;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Engine.Databases.Redis;

namespace Nebula.Rotation.Benchmarks;

/// <summary>Very many grants of the other engines, against one statement a grant.</summary>
internal sealed class GrantsBench : Bench
{
    private const int Tables = 10_000;
    private const int Keys = 1_000;

    public override string Name => "grants";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken) =>
    [
        .. await MariaDbAsync(cancellationToken),
        await RedisAsync(cancellationToken),
        new("MongoDB: clone of 1,000 roles", "not measured", "", null, "", null, "no mongod in the distribution; roles and privileges go in one createUser, whatever their number"),
    ];

    private static async Task<IReadOnlyList<Figure>> MariaDbAsync(CancellationToken cancellationToken)
    {
        await using var shop = await MariaDbShop.StartAsync(cancellationToken);
        var server = shop.Server;
        await server.ExecuteAsync("CREATE DATABASE shop; CREATE USER old@'%' IDENTIFIED BY 'Bench-Password.1'", ct: cancellationToken);
        await using var raw = await server.OpenAsync("shop", ct: cancellationToken);
        // A grant needs no table that is there, as long as it says CREATE.
        for (var table = 0; table < Tables; table++)
            await RunAsync(raw, string.Create(CultureInfo.InvariantCulture, $"GRANT CREATE, SELECT ON shop.t_{table} TO old@'%'"));
        var engine = new MySqlEngine();
        var credential = new DatabaseCredential
        {
            Name = "app", DatabaseType = DatabaseType.MySql, HostName = [server.Host], Port = server.Port, Database = "shop", Username = "old", SslMode = SslMode.Prefer,
        };
        await using var admin = await engine.ConnectAdminAsync(credential, new(server.SuperUser, new(server.SuperPassword)), cancellationToken);
        var source = await admin.ReadSnapshotAsync("old", cancellationToken);
        var reading = await TimeAsync(() => admin.ReadSnapshotAsync("old", cancellationToken));
        var plan = engine.Planner.PlanClone(source, await admin.ReadSnapshotAsync("new", cancellationToken));
        var clone = await TimeAsync(() => PostgresShop.ApplyAsync(admin, [.. plan.CreateStatements, .. plan.CloneStatements], new("new", new("Bench-Password.1")), cancellationToken));
        var slow = await TimeAsync(async () =>
        {
            await RunAsync(raw, "CREATE USER slow@'%' IDENTIFIED BY 'Bench-Password.1'");
            for (var table = 0; table < Tables; table++)
                await RunAsync(raw, string.Create(CultureInfo.InvariantCulture, $"GRANT CREATE, SELECT ON shop.t_{table} TO slow@'%'"));
        });
        // A GRANT names one table: a statement each is what the server takes, and only the waiting for its answer can be saved.
        return
        [
            new($"MariaDB: clone of {Tables:N0} table grants", Text(clone), $"{Text(slow)} a statement each", slow / clone, "≥ 10, or the limit shown", slow / clone >= 10 || clone / slow < 1.1,
                $"GRANT takes one table: {plan.CloneStatements.Count:N0} statements either way; read {Text(reading)}"),
        ];
    }

    private static async Task<Figure> RedisAsync(CancellationToken cancellationToken)
    {
        await using var shop = await RedisShop.StartAsync(cancellationToken);
        var server = shop.Server;
        await server.ExecuteAsync(["ACL", "SETUSER", "old", "reset", "on", ">Bench-Password.1", .. Enumerable.Range(0, Keys).Select(key => $"~k{key}:*"), "+@read"]);
        var engine = new RedisEngine();
        await using var admin = await engine.ConnectAdminAsync(shop.Credential("old"), shop.Admin, cancellationToken);
        var source = await admin.ReadSnapshotAsync("old", cancellationToken);
        var number = 0;
        var (clone, slow) = await PairAsync(
            3,
            async () =>
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"new{number++}");
                var plan = engine.Planner.PlanClone(source, await admin.ReadSnapshotAsync(name, cancellationToken));
                await PostgresShop.ApplyAsync(admin, [.. plan.CreateStatements, .. plan.CloneStatements], new(name, new("Bench-Password.1")), cancellationToken);
            },
            async () =>
            {
                await using var connection = await server.OpenAsync(server.AdminUser, server.AdminPassword, cancellationToken);
                var name = string.Create(CultureInfo.InvariantCulture, $"slow{number++}");
                for (var key = 0; key < Keys; key++)
                    await connection.ExecuteAsync(["ACL", "SETUSER", name, $"~k{key}:*"], cancellationToken);
            });
        return new($"Redis: clone of {Keys:N0} rules", Text(clone), $"{Text(slow)} a command each", slow / clone, "≥ 10, or the limit shown", slow / clone >= 10);
    }

    private static async Task RunAsync(MySqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Numbers of this program.
        await using var command = new MySqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
