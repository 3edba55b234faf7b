using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

[assembly: AssemblyFixture(typeof(SharedPostgres))]

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// One PostgreSQL server for all tests of this assembly, started when the first of them asks for it. Each test makes databases and roles of its own.
/// A class of tests for every release is abstract; the two classes in it that derive from it run them on one release each.
/// </summary>
public class SharedPostgres : IAsyncLifetime
{
    private readonly Lazy<Task<PostgresServer>> _server;

    public SharedPostgres()
        : this(PostgresRelease.Distribution)
    {
    }

    private protected SharedPostgres(PostgresRelease release)
        : this(release, () => PostgresServer.StartAsync(new PostgresServerOptions { Release = release, MaxConnections = 200 }))
    {
    }

    private protected SharedPostgres(PostgresRelease release, Func<Task<PostgresServer>> start)
    {
        Release = release;
        _server = new(start);
    }

    internal PostgresRelease Release { get; }

    /// <summary>The server. Skips the calling test by name where there is none to be had; in continuous integration it fails.</summary>
    public Task<PostgresServer> ServerAsync() => ServerRequirement.OrSkip(() => _server.Value, Assert.Skip);

    /// <summary>A new database with a unique name, dropped with the roles that the test made when it is disposed.</summary>
    public async Task<TestDatabase> NewDatabaseAsync(string? nameLike = null) => await TestDatabase.CreateAsync(await ServerAsync(), nameLike);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _server.Value).DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
