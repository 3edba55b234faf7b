using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>
/// An application that grants, revokes and alters all the time, on the objects of logins that are being rotated, and works with them. It measures how long it waits.
/// Two GRANTs on one object collide on the server whoever runs them; it repeats its own, as such an application must do without us.
/// </summary>
internal sealed class Meddler : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, TimeSpan> _longest = [];
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly Crowd _crowd;
    private readonly Task[] _workers;
    private int _statements;
    private int _collisions;

    public Meddler(Crowd crowd, int workers)
    {
        _crowd = crowd;
        _workers = [.. Enumerable.Range(0, workers).Select(number => Task.Run(() => WorkAsync(number)))];
    }

    public int Statements => _statements;

    /// <summary>Statements of its own that collided and were repeated.</summary>
    public int Collisions => _collisions;

    /// <summary>What failed in any other way.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>The longest that a statement took, by its first word.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Longest => _longest;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    private async Task WorkAsync(int seed)
    {
        var random = new Random(seed);
        NpgsqlConnection? session = null;
        while (!_stop.IsCancellationRequested)
        {
            var (shared, own) = (random.Next(Crowd.SharedTables), random.Next(_crowd.Logins.Count));
            string[] work =
            [
                $"GRANT SELECT ON public.shared_{shared} TO {_crowd.Reader}",
                $"INSERT INTO own_{own}.t DEFAULT VALUES",
                $"ALTER TABLE own_{own}.t ADD COLUMN IF NOT EXISTS c_{seed} integer",
                $"SELECT count(*) FROM own_{own}.t",
                $"REVOKE SELECT ON public.shared_{shared} FROM {_crowd.Reader}",
                $"GRANT SELECT ON own_{own}.t, own_{own}.v TO {_crowd.Reader}",
                $"ALTER TABLE own_{own}.t DROP COLUMN IF EXISTS c_{seed}",
                $"REVOKE SELECT ON own_{own}.t, own_{own}.v FROM {_crowd.Reader}",
            ];
            foreach (var sql in work)
            {
                if (session is not { State: System.Data.ConnectionState.Open })
                {
                    if (session is not null)
                        await session.DisposeAsync();
                    session = await _crowd.Database.OpenAsync();
                }

                await RunAsync(session, sql);
            }
        }

        if (session is not null)
            await session.DisposeAsync();
    }

    private async Task RunAsync(NpgsqlConnection session, string sql)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
#pragma warning disable CA2100 // The texts above.
            await using var command = new NpgsqlCommand(sql, session);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
            Interlocked.Increment(ref _statements);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InternalError && e.MessageText.StartsWith("tuple concurrently", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _collisions);
        }
        catch (NpgsqlException e)
        {
            _failures.Enqueue($"{sql}: {e.Message}");
        }

        var took = Stopwatch.GetElapsedTime(started);
        _longest.AddOrUpdate(sql[..sql.IndexOf(' ', StringComparison.Ordinal)], took, (_, longest) => took > longest ? took : longest);
    }
}
