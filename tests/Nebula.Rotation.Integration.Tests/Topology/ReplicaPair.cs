using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Topology;

/// <summary>A primary and a hot standby of its own, for a class of tests that pause, stop and start the standby.</summary>
public sealed class ReplicaPair : IAsyncLifetime
{
    private readonly Lazy<Task<(PostgresServer Primary, PostgresServer Replica)>> _pair = new(StartAsync);

    /// <summary>The pair, both up, replaying, and level. Skips the calling test where servers cannot be had.</summary>
    public async Task<(PostgresServer Primary, PostgresServer Replica)> ServersAsync()
    {
        var pair = await ServerRequirement.OrSkip(() => _pair.Value, Assert.Skip);
        await pair.Replica.CatchUpAsync(pair.Primary, TestContext.Current.CancellationToken);
        return pair;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_pair is not { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            return;
        var (primary, replica) = await _pair.Value;
        await replica.DisposeAsync();
        await primary.DisposeAsync();
    }

    private static async Task<(PostgresServer Primary, PostgresServer Replica)> StartAsync()
    {
        var primary = await PostgresServer.StartAsync(new() { Settings = new Dictionary<string, string> { ["wal_keep_size"] = "512MB" } });
        try
        {
            return (primary, await PostgresServer.StartReplicaAsync(primary));
        }
        catch
        {
            await primary.DisposeAsync();
            throw;
        }
    }
}
