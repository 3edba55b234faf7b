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
    private readonly Func<Login, Task<NpgsqlConnection>> _connect;
    private readonly IReadOnlyList<string> _work;
    private readonly bool _isBehindOthers;
    private readonly TimeSpan _pause;
    private readonly Task[] _workers;
    private int _queries;

    /// <param name="scene">Whose login it is.</param>
    /// <param name="workers">How many work at once.</param>
    /// <param name="connect">Where it logs in, if not at the scene's own server.</param>
    /// <param name="work">What it asks, if not the usual; a test's own texts.</param>
    /// <param name="pause">How long it rests between two pieces of work.</param>
    public Traffic(Scene scene, int workers = 3, Func<Login, Task<NpgsqlConnection>>? connect = null, IReadOnlyList<string>? work = null, TimeSpan pause = default)
    {
        _pause = pause;
        _scene = scene;
        _connect = connect ?? scene.ConnectAsync;
        _isBehindOthers = connect is not null;
        _work = work ?? ["INSERT INTO mine (note) VALUES ('a worker')", "SELECT n FROM seen", "UPDATE shared SET n = n + 1 WHERE id = 1"];
        _workers = [.. Enumerable.Range(0, workers).Select(_ => Task.Run(WorkAsync))];
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

    private async Task WorkAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await LogInAsync();
                for (var round = 0; round < 5; round++)
                {
                    foreach (var sql in _work)
                        await QueryAsync(connection, sql);
                }

                await connection.CloseAsync();
                await Task.Delay(_pause);
            }
            catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or TimeoutException)
            {
                _failures.Enqueue(exception.Message);
            }
        }
    }

    /// <summary>What is in between is seen by the server with the first query only.</summary>
    private async Task<NpgsqlConnection> LogInAsync()
    {
        using var gap = _scene.Gap.Enter();
        var login = await _scene.Store.GetCurrentLoginAsync(_scene.Credential.Id, CancellationToken.None);
        var connection = await _connect(login.Login);
        try
        {
            if (_isBehindOthers)
                await QueryAsync(connection, _work[0]);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task QueryAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // The texts above.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
        Interlocked.Increment(ref _queries);
    }
}
