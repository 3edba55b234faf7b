using System.Collections.Concurrent;
using System.Data.Common;

namespace Nebula.Rotation.Pooling.Tests;

/// <summary>Workers that open a connection for every piece of work. They retry nothing: what fails is counted.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly DbDataSource _source;
    private readonly Task[] _workers;
    private int _queries;

    public Traffic(DbDataSource source, int workers = 8)
    {
        _source = source;
        _workers = [.. Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync($"product {worker}")))];
    }

    public int Queries => Volatile.Read(ref _queries);

    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Waits until more work has been done, so that a test does not measure silence.</summary>
    public async Task FlowsAsync(int queries)
    {
        var goal = Queries + queries;
        await Eventually.HoldsAsync(() => Queries >= goal || !_failures.IsEmpty, $"{queries} more queries");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    private async Task WorkAsync(string product)
    {
        for (var round = 0; !_stop.IsCancellationRequested; round++)
        {
            try
            {
                // All ways to a connection in turn.
                await using var connection = (round % 3) switch
                {
                    0 => await _source.OpenConnectionAsync(),
                    1 => _source.CreateConnection(),
                    _ => _source.OpenConnection(),
                };
                if (round % 3 == 1)
                    await connection.OpenAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                await RunAsync(connection, transaction, $"INSERT INTO orders (product, amount) VALUES ('{product}', {round})");
                await RunAsync(connection, transaction, $"SELECT amount FROM orders WHERE product = '{product}' ORDER BY id DESC LIMIT 1");
                await transaction.CommitAsync();
            }
            catch (Exception exception)
            {
                _failures.Enqueue(exception.Message);
            }
        }
    }

    private async Task RunAsync(DbConnection connection, DbTransaction transaction, string sql)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // The texts above.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
        Interlocked.Increment(ref _queries);
    }
}
