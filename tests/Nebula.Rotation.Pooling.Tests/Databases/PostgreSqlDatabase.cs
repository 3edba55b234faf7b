using System.Data.Common;
using System.Globalization;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Pooling.Tests.Databases;

/// <summary>PostgreSQL, from the distribution.</summary>
public sealed class PostgreSqlDatabase : TestDatabase
{
    private PostgresServer? _server;

    public override Type ConnectionType => typeof(NpgsqlConnection);

    public override string WhoAmI => "SELECT current_user::text";

    public override string SessionId => "SELECT pg_backend_pid()::text";

    protected override DatabaseType Type => DatabaseType.PostgreSql;

    protected override string Host => Server.Host;

    protected override int Port => Server.Port;

    protected override Login Admin => new(Server.SuperUser, new Secret(Server.SuperPassword));

    private PostgresServer Server => _server!;

    public override DbDataSource Open(PoolLogin login) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
    {
        Host = Host,
        Port = Port,
        Database = Name,
        Username = login.Username,
        Password = login.Login.Password.Reveal(),
        MaxPoolSize = 20,
    });

    public override async Task<long> CountSessionsAsync(string username)
    {
        await using var connection = await Server.OpenAsync(ct: Cancellation);
        return (long)(await ScalarAsync(connection, $"SELECT count(*) FROM pg_stat_activity WHERE usename = {PostgresServer.Literal(username)}"))!;
    }

    public override Task EndSessionAsync(string id) =>
        Server.ExecuteAsync($"SELECT pg_terminate_backend({int.Parse(id, CultureInfo.InvariantCulture)})", ct: Cancellation);

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task StartAsync()
    {
        _server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: Cancellation), Assert.Skip);
        await Server.ExecuteAsync($"CREATE DATABASE {Name}", ct: Cancellation);
        await Server.ExecuteAsync("CREATE TABLE orders (id serial PRIMARY KEY, product text NOT NULL, amount int NOT NULL); CREATE INDEX ON orders (product)", Name, Cancellation);
    }

    protected override Task MakeLoginAsync(Login login) => Server.ExecuteAsync(
        $"""
        CREATE ROLE {PostgresServer.Identifier(login.Username)} LOGIN PASSWORD {PostgresServer.Literal(login.Password.Reveal())};
        GRANT SELECT, INSERT ON orders TO {PostgresServer.Identifier(login.Username)};
        GRANT USAGE ON SEQUENCE orders_id_seq TO {PostgresServer.Identifier(login.Username)};
        """,
        Name,
        Cancellation);
}
