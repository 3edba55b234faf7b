using System.Text.RegularExpressions;
using Nebula.Rotation.Benchmarks.Floors;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>A PostgreSQL server with tables, and logins that are granted them.</summary>
internal sealed partial class PostgresShop(PostgresServer server) : Shop
{
    public PostgresServer Server { get; } = server;

    public PostgreSqlEngine Engine { get; } = new();

    public override string Title => "PostgreSQL";

    public override string FloorName => "postgresql.json";

    public override Login Admin => new(Server.SuperUser, new(Server.SuperPassword));

    public static async Task<PostgresShop> StartAsync(CancellationToken cancellationToken)
    {
        // As one in production is: a commit is on the disk when it is answered, and not every statement is logged. Tests have it the other way.
        var server = await PostgresServer.StartAsync(
            new() { Durable = true, LogStatements = false, Settings = new Dictionary<string, string> { ["max_locks_per_transaction"] = "1024" } }, cancellationToken);
        await using var connection = await server.OpenAsync(ct: cancellationToken);
        Report.Servers.Add($"PostgreSQL {connection.PostgreSqlVersion}");
        return new(server);
    }

    public static async Task<Shop> StartTypicalAsync(CancellationToken cancellationToken)
    {
        var shop = await StartAsync(cancellationToken);
        await shop.MakeShopAsync();
        return shop;
    }

    /// <summary>Starts several into a list, whose servers end with it also when the next one does not come up.</summary>
    public static async Task StartAsync(List<PostgresShop> shops, int number, CancellationToken cancellationToken)
    {
        while (shops.Count < number)
        {
            shops.Add(await StartAsync(cancellationToken));
            await shops[^1].MakeShopAsync();
        }
    }

    public override DatabaseCredential Credential(string username) => new()
    {
        Name = username,
        DatabaseType = DatabaseType.PostgreSql,
        HostName = [Server.Host],
        Port = Server.Port,
        Database = "postgres",
        Username = username,
        SslMode = SslMode.Disable,
    };

    /// <summary>Tables public.t_0 and so on, some hundred a transaction since each is locked until its end.</summary>
    public async Task MakeTablesAsync(int from, int to, string database = "postgres")
    {
        await using var connection = await Server.OpenAsync(database);
        for (var at = from; at < to; at += 2000)
            await RunAsync(connection, $"DO $$ BEGIN FOR i IN {at}..{Math.Min(at + 2000, to) - 1} LOOP EXECUTE 'CREATE TABLE public.t_' || i || ' ()'; END LOOP; END $$");
    }

    /// <summary>20 tables in two schemas, a sequence, a membership.</summary>
    public override async Task<string> NewTypicalLoginAsync()
    {
        var name = NewName("app");
        await Server.ExecuteAsync(
            $"""
            CREATE ROLE {name} LOGIN PASSWORD '{Password}' CONNECTION LIMIT 50;
            GRANT readers TO {name};
            GRANT USAGE ON SCHEMA sales, stock TO {name};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sales TO {name};
            GRANT SELECT ON ALL TABLES IN SCHEMA stock TO {name};
            GRANT USAGE ON SEQUENCE sales.numbers TO {name};
            ALTER ROLE {name} SET search_path = sales, stock, public;
            """);
        return name;
    }

    public Task MakeShopAsync(string database = "postgres") => Server.ExecuteAsync(
        """
        CREATE ROLE readers;
        CREATE SCHEMA sales;
        CREATE SCHEMA stock;
        CREATE SEQUENCE sales.numbers;
        DO $$ BEGIN FOR i IN 0..9 LOOP
            EXECUTE 'CREATE TABLE sales.s_' || i || ' (id int)';
            EXECUTE 'CREATE TABLE stock.s_' || i || ' (id int)';
        END LOOP; END $$;
        """,
        database);

    public async Task<string> NewGrantedLoginAsync(int tables, string database = "postgres")
    {
        var name = NewName("many");
        await using var connection = await Server.OpenAsync(database);
        await RunAsync(connection, $"CREATE ROLE {name} LOGIN");
        for (var at = 0; at < tables; at += 5000)
            await RunAsync(connection, $"GRANT SELECT ON {Tables(at, Math.Min(at + 5000, tables))} TO {name}");
        return name;
    }

    /// <summary>Made by the server for a login, and good for any other.</summary>
    public override async Task<string> NewVerifierAsync()
    {
        var name = await NewTypicalLoginAsync();
        await using var connection = await Server.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT rolpassword FROM pg_authid WHERE rolname = $1", connection) { Parameters = { new() { Value = name } } };
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public override string MaskVerifiers(string statement) => Verifier().Replace(statement, $"'{FloorNames.VerifierSlot}'");

    public override Recorder Record() => new(Server.Host, Server.Port, (number, seen) => new PostgresConversation(number, seen));

    public override async Task<IFloorConnection> OpenAsync(string user, string database) => new PostgresFloorConnection(
        user == Server.SuperUser ? await Server.OpenAsync(database) : await Server.OpenAsync(database, user, PasswordOf(user)));

    public static string Tables(int from, int to) => string.Join(", ", Enumerable.Range(from, to - from).Select(number => $"public.t_{number}"));

    public static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Names and numbers of this program.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    public static async Task ApplyAsync(IAdminConnection admin, IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        await using var unit = await admin.BeginAsync(cancellationToken);
        await unit.ApplyAsync(statements, password, cancellationToken);
        await unit.CommitAsync(cancellationToken);
    }

    public override ValueTask DisposeAsync() => Server.DisposeAsync();

    [GeneratedRegex("'SCRAM-SHA-256\\$[^']*'")]
    private static partial Regex Verifier();
}
