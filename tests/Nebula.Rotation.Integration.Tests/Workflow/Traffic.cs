using System.Collections.Concurrent;
using Nebula.Rotation.Stores;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>
/// An application that logs in anew for every piece of work, with the login that the store names at that moment. It retries nothing: what fails is
/// counted.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly Scene _scene;
    private readonly Task[] _workers;
    private int _queries;

    public Traffic(Scene scene, int workers = 3)
    {
        _scene = scene;
        _workers = [.. Enumerable.Range(0, workers).Select(number => Task.Run(() => WorkAsync(number)))];
    }

    public int Queries => _queries;

    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Waits until more work has been done, so that a test does not measure silence.</summary>
    public async Task FlowsAsync(int queries)
    {
        var goal = _queries + queries;
        await Servers.Eventually.HoldsAsync(() => _queries >= goal || !_failures.IsEmpty, $"{queries} more queries");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    private async Task WorkAsync(int number)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var login = await _scene.Store.GetCurrentLoginAsync(_scene.Credential.Id, CancellationToken.None);
                await using var connection = await _scene.ConnectAsync(login.Login);
                for (var round = 0; round < 5; round++)
                {
                    await QueryAsync(connection, $"INSERT INTO mine (note) VALUES ('worker {number}')");
                    await QueryAsync(connection, "SELECT n FROM seen");
                    await QueryAsync(connection, "UPDATE shared SET n = n + 1 WHERE id = 1");
                }
            }
            catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or TimeoutException)
            {
                _failures.Enqueue(exception.Message);
            }
        }
    }

    private async Task QueryAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // The three texts above.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
        Interlocked.Increment(ref _queries);
    }
}
