using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

[assembly: AssemblyFixture(typeof(SharedMariaDb))]
[assembly: AssemblyFixture(typeof(SharedMySql9))]

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// One server of the MySQL family for all tests of this assembly, started when the first of them asks for it. A class of tests for both is abstract; the
/// two classes in it that derive from it run them on one server each.
/// </summary>
public abstract class SharedMySql : IAsyncLifetime
{
    private readonly Lazy<Task<MySqlServer>> _server;

    private protected SharedMySql(MySqlRelease release)
        : this(release, () => MySqlServer.StartAsync(new MySqlServerOptions { Release = release }))
    {
    }

    private protected SharedMySql(MySqlRelease release, Func<Task<MySqlServer>> start)
    {
        Release = release;
        _server = new(start);
    }

    internal MySqlRelease Release { get; }

    /// <summary>The server. Skips the calling test by name where there is none to be had; in continuous integration it fails.</summary>
    public Task<MySqlServer> ServerAsync() => ServerRequirement.OrSkip(() => _server.Value, Assert.Skip);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _server.Value).DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>MariaDB, from the distribution.</summary>
public sealed class SharedMariaDb() : SharedMySql(MySqlRelease.MariaDb);

/// <summary>MySQL 9.</summary>
public sealed class SharedMySql9() : SharedMySql(MySqlRelease.MySql);
