using System.Globalization;
using System.Text.RegularExpressions;
using MySqlConnector;
using Nebula.Rotation.Benchmarks.Floors;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Benchmarks;

/// <summary>A MariaDB server with tables in two databases, and logins that are granted them.</summary>
internal sealed partial class MariaDbShop(MySqlServer server) : Shop
{
    private const int TablesEach = 10;

    private static readonly string[] Databases = ["sales", "stock"];

    public MySqlServer Server { get; } = server;

    public override string Title => "MariaDB";

    public override string FloorName => "mariadb.json";

    public override Login Admin => new(Server.SuperUser, new(Server.SuperPassword));

    public static async Task<MariaDbShop> StartAsync(CancellationToken cancellationToken)
    {
        var server = await MySqlServer.StartAsync(new() { Release = MySqlRelease.MariaDb, LogStatements = false }, cancellationToken);
        await using var connection = await server.OpenAsync(ct: cancellationToken);
        Report.Servers.Add($"MariaDB {connection.ServerVersion}");
        return new(server);
    }

    public static async Task<Shop> StartTypicalAsync(CancellationToken cancellationToken)
    {
        var shop = await StartAsync(cancellationToken);
        var tables = Tables().Select(table => $"CREATE TABLE {table} (id int)");
        var databases = Databases.Select(database => $"CREATE DATABASE {database}");
        await shop.Server.ExecuteAsync(string.Join("; ", [.. databases, .. tables, "CREATE ROLE readers"]), ct: cancellationToken);
        return shop;
    }

    // Without TLS, so that what is sent can be recorded; the floor and the rotation are alike in that.
    public override DatabaseCredential Credential(string username) => new()
    {
        Name = username,
        DatabaseType = DatabaseType.MySql,
        HostName = [Server.Host],
        Port = Server.Port,
        Database = Databases[0],
        Username = username,
        SslMode = SslMode.Disable,
    };

    /// <summary>20 tables in two databases, a role.</summary>
    public override async Task<string> NewTypicalLoginAsync()
    {
        var name = NewName("app");
        var grants = Tables().Select(table => $"GRANT {(table.StartsWith(Databases[0], StringComparison.Ordinal) ? "SELECT, INSERT, UPDATE, DELETE" : "SELECT")} ON {table} TO {name}@'%'");
        await Server.ExecuteAsync(
            $"""
            CREATE USER {name}@'%' IDENTIFIED BY '{Password}' WITH MAX_USER_CONNECTIONS 50;
            GRANT readers TO {name}@'%';
            SET DEFAULT ROLE readers FOR {name}@'%';
            {string.Join(";\n", grants)}
            """);
        return name;
    }

    public override async Task<string> NewVerifierAsync()
    {
        await using var connection = await Server.OpenAsync();
        await using var command = new MySqlCommand("SELECT PASSWORD(@p0)", connection);
        command.Parameters.AddWithValue("@p0", Password);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public override string MaskVerifiers(string statement) => Verifier().Replace(statement, $"'{FloorNames.VerifierSlot}'");

    public override Recorder Record() => new(Server.Host, Server.Port, (number, seen) => new MySqlConversation(number, seen));

    public override async Task<IFloorConnection> OpenAsync(string user, string database)
    {
        var builder = new MySqlConnectionStringBuilder(Server.ConnectionString(database, user, PasswordOf(user))) { SslMode = MySqlSslMode.None };
        var connection = new MySqlConnection(builder.ConnectionString);
        await connection.OpenAsync();
        return new MariaDbFloorConnection(connection);
    }

    public override ValueTask DisposeAsync() => Server.DisposeAsync();

    private static IEnumerable<string> Tables() =>
        from database in Databases
        from number in Enumerable.Range(0, TablesEach)
        select string.Create(CultureInfo.InvariantCulture, $"{database}.s_{number}");

    [GeneratedRegex("'\\*[0-9A-F]{40}'")]
    private static partial Regex Verifier();
}
