using System.Data.Common;
using System.Globalization;
using MySqlConnector;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Pooling.Tests.Databases;

/// <summary>MariaDB, from the distribution.</summary>
public sealed class MariaDbDatabase : TestDatabase
{
    private MySqlServer? _server;

    public override Type ConnectionType => typeof(MySqlConnection);

    public override string WhoAmI => "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)";

    public override string SessionId => "SELECT CAST(CONNECTION_ID() AS CHAR)";

    protected override DatabaseType Type => DatabaseType.MySql;

    protected override string Host => Server.Host;

    protected override int Port => Server.Port;

    protected override Login Admin => new(Server.SuperUser, new Secret(Server.SuperPassword));

    private MySqlServer Server => _server!;

    public override DbDataSource Open(PoolLogin login) => new MySqlDataSource(new MySqlConnectionStringBuilder
    {
        Server = Host,
        Port = (uint)Port,
        Database = Name,
        UserID = login.Username,
        Password = login.Login.Password.Reveal(),
        MaximumPoolSize = 20,
    }.ConnectionString);

    public override async Task<long> CountSessionsAsync(string username)
    {
        await using var connection = await Server.OpenAsync(ct: Cancellation);
        return (long)(await ScalarAsync(connection, $"SELECT count(*) FROM information_schema.processlist WHERE user = {MySqlServer.Literal(username)}"))!;
    }

    public override Task EndSessionAsync(string id) => Server.ExecuteAsync($"KILL {int.Parse(id, CultureInfo.InvariantCulture)}", ct: Cancellation);

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task StartAsync()
    {
        _server = await ServerRequirement.OrSkip(
            () => MySqlServer.StartAsync(new MySqlServerOptions { Release = MySqlRelease.MariaDb, LogStatements = false }, Cancellation), Assert.Skip);
        await Server.ExecuteAsync(
            $"""
            CREATE DATABASE {Name};
            CREATE TABLE {Name}.orders (id bigint AUTO_INCREMENT PRIMARY KEY, product varchar(50) NOT NULL, amount int NOT NULL, KEY (product));
            """,
            ct: Cancellation);
    }

    protected override Task MakeLoginAsync(Login login) => Server.ExecuteAsync(
        $"""
        CREATE USER {MySqlServer.Literal(login.Username)}@'%' IDENTIFIED BY {MySqlServer.Literal(login.Password.Reveal())};
        GRANT SELECT, INSERT ON {Name}.orders TO {MySqlServer.Literal(login.Username)}@'%';
        """,
        ct: Cancellation);
}
