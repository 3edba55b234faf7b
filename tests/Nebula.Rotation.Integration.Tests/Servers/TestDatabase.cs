using System.Security.Cryptography;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>A test's own database on the shared server, and the roles that go with it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly List<string> _roles = [];

    private TestDatabase(PostgresServer server, string name)
    {
        Server = server;
        Name = name;
    }

    public PostgresServer Server { get; }

    public string Name { get; }

    internal static async Task<TestDatabase> CreateAsync(PostgresServer server, string? nameLike)
    {
        var database = new TestDatabase(server, Unique(nameLike ?? "db"));
        await server.ExecuteAsync($"CREATE DATABASE {PostgresServer.Identifier(database.Name)}", ct: Cancellation);
        return database;
    }

    /// <summary>A name that nobody else uses. Dropped at the end, if it has become a role by then.</summary>
    public string NewRoleName(string like = "role")
    {
        var name = Unique(like);
        _roles.Add(name);
        return name;
    }

    /// <summary>A role that somebody else made; dropped at the end, too.</summary>
    public void Adopt(string name)
    {
        if (!_roles.Contains(name))
            _roles.Add(name);
    }

    /// <summary>A login that exists, without any right.</summary>
    public async Task<string> NewLoginAsync(string like = "app", string password = "secret")
    {
        var name = NewRoleName(like);
        await ExecuteAsync($"CREATE ROLE {PostgresServer.Identifier(name)} LOGIN PASSWORD {PostgresServer.Literal(password)}");
        return name;
    }

    /// <summary>Runs statements in this database, as the superuser.</summary>
    public Task ExecuteAsync(string sql) => Server.ExecuteAsync(sql, Name, Cancellation);

    /// <summary>An open connection to this database.</summary>
    public Task<NpgsqlConnection> OpenAsync(string? user = null, string? password = null) => Server.OpenAsync(Name, user, password, Cancellation);

    public async ValueTask DisposeAsync()
    {
        // One connection for all: to make one costs more than what is run.
        await using var connection = await Server.OpenAsync();
        await RunAsync($"DROP DATABASE IF EXISTS {PostgresServer.Identifier(Name)} WITH (FORCE)");
        // What roles still have outside of the database (memberships go by themselves): databases, parameters. What one of them passed on goes with its own, so no
        // role is dropped before all have lost what they own.
        foreach (var what in new[] { "OWNED BY", "ROLE" })
        {
            foreach (var role in _roles)
            {
                await RunAsync($"""
                    DO $$ BEGIN
                      IF EXISTS (SELECT FROM pg_roles WHERE rolname = {PostgresServer.Literal(role)}) THEN
                        EXECUTE format('DROP {what} %I', {PostgresServer.Literal(role)});
                      END IF;
                    END $$
                    """);
            }
        }

        async Task RunAsync(string sql)
        {
#pragma warning disable CA2100 // The text above; names are quoted.
            await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
            await PostgresCollisions.RepeatAsync(() => command.ExecuteNonQueryAsync());
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Unique(string like) => $"{like}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
}
