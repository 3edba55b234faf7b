using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Nebula.Rotation.Pooling;
using Nebula.Rotation.Pooling.Sources;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>
/// What an application notices of rotations: a pool that follows the store, under load, with one every two seconds and without. Under half of the load that the
/// machine bears, as pgbench --rate makes it, which is where latency means something; and under all of it, where whatever else works takes from the application.
/// </summary>
internal sealed class TrafficBench : Bench
{
    private const int Workers = 4;
    private const int Windows = 5;

    /// <summary>Of an application that has a rate: more than are at work at once, so that one that waits keeps nobody else waiting.</summary>
    private const int PacedWorkers = 16;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    public override string Name => "traffic";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        await using var shop = await PostgresShop.StartAsync(cancellationToken);
        await shop.MakeShopAsync();
        await shop.Server.ExecuteAsync("CREATE TABLE sales.accounts (id int PRIMARY KEY, balance int NOT NULL); INSERT INTO sales.accounts SELECT i, 0 FROM generate_series(1, 1000) i", ct: cancellationToken);
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await using var store = await RotationBench.OpenStoreAsync(folder, "store");
            await using var service = RotationBench.NewService(store);
            var name = await RotationBench.AddAsync(shop, store, cancellationToken);
            await using var pool = await RotatingDataSource.StartAsync(
                new StoreLoginSource(store, name), login => Open(shop, login), new() { WarmConnections = Workers, WarmUp = WarmUpAsync }, cancellationToken);
            var publisher = new PoolPublisher([pool]);
            var most = await LoadAsync(pool, Window);
            var rotations = 0;
            var half = await CompareAsync(most.PerSecond / 2);
            var full = await CompareAsync(null);
            var failed = half.Failed + full.Failed;
            return
            [
                new("Application at half load: throughput while rotating every 2 s", Rate(half.Busy), $"{Rate(half.Calm)} without", half.Throughput, "≥ 0.97", half.Throughput >= 0.97, $"{rotations} rotations in both loads, {failed} failed transactions"),
                new("Application at half load: p99 while rotating every 2 s", Milliseconds(half.Busy), $"{Milliseconds(half.Calm)} without", half.Tail, "≤ 1.2", half.Tail <= 1.2, "from the moment when a transaction was due"),
                new("Application at full load: throughput while rotating every 2 s", Rate(full.Busy), $"{Rate(full.Calm)} without", full.Throughput, "", null, "application and server take both processors whole"),
                new("Application at full load: p99 while rotating every 2 s", Milliseconds(full.Busy), $"{Milliseconds(full.Calm)} without", full.Tail, "", null, ""),
            ];

            async Task<Comparison> CompareAsync(double? rate)
            {
                var (calm, busy) = (new List<Load>(), new List<Load>());
                for (var window = 0; window < Windows; window++)
                {
                    calm.Add(await LoadAsync(pool, Window, rate));
                    using var stop = new CancellationTokenSource();
                    var rotating = RotateAsync(stop.Token);
                    busy.Add(await LoadAsync(pool, Window, rate));
                    await stop.CancelAsync();
                    await rotating;
                }

                return new(calm, busy);
            }

            async Task RotateAsync(CancellationToken stopped)
            {
                while (!stopped.IsCancellationRequested)
                {
                    var started = Stopwatch.GetTimestamp();
                    var record = await service.RotateAsync(new() { Name = name, GracePeriod = TimeSpan.Zero }, publisher, CancellationToken.None);
                    rotations += record.State == RotationState.Completed ? 1 : 0;
                    var left = Every - Stopwatch.GetElapsedTime(started);
                    if (left > TimeSpan.Zero)
                        await Task.WhenAny(Task.Delay(left, CancellationToken.None), Task.Delay(Timeout.Infinite, stopped));
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <param name="rate">Transactions a second; without one, each worker begins the next when one ends.</param>
    private static async Task<Load> LoadAsync(RotatingDataSource pool, TimeSpan length, double? rate = null)
    {
        var times = new ConcurrentBag<double>();
        var failed = 0;
        var started = Stopwatch.GetTimestamp();
        var workers = rate is null ? Workers : PacedWorkers;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var number = 0; Stopwatch.GetElapsedTime(started) < length; number++)
            {
                var begun = Stopwatch.GetTimestamp();
                if (rate is not null)
                {
                    var due = started + (long)((((double)number * workers) + worker) / rate.Value * Stopwatch.Frequency);
                    if (due > begun)
                    {
                        // What the timer is late by is not the transaction's; what an earlier transaction makes it late by is.
                        await Task.Delay(Stopwatch.GetElapsedTime(begun, due));
                        due = Math.Max(due, Stopwatch.GetTimestamp());
                    }

                    begun = due;
                }

                try
                {
                    await TransactAsync(pool, random.Next(1, 1000));
                }
                catch (DbException)
                {
                    Interlocked.Increment(ref failed);
                }

                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }
        })));
        var sorted = times.Order().ToList();
        return new(sorted.Count / Stopwatch.GetElapsedTime(started).TotalSeconds, sorted[sorted.Count * 99 / 100], failed);
    }

    private static async Task TransactAsync(RotatingDataSource pool, int id)
    {
        await using var connection = await pool.OpenConnectionAsync();
        await RunAsync(connection, id, CancellationToken.None);
    }

    private static async Task WarmUpAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync(connection, 1000, cancellationToken);
        await transaction.RollbackAsync(cancellationToken);
    }

    private static async Task RunAsync(DbConnection connection, int id, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE sales.accounts SET balance = balance + 1 WHERE id = $1";
        command.Parameters.Add(new NpgsqlParameter { Value = id });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlDataSource Open(PostgresShop shop, PoolLogin login) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(shop.Server.ConnectionString("postgres", login.Username, login.Login.Password.Reveal())) { Pooling = true, MaxPoolSize = Workers });

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Rate(IEnumerable<Load> loads) => string.Create(CultureInfo.InvariantCulture, $"{Middle(loads.Select(load => load.PerSecond)):0} a second");

    private static string Milliseconds(IEnumerable<Load> loads) => string.Create(CultureInfo.InvariantCulture, $"{Middle(loads.Select(load => load.P99)):0.0} ms");

    private sealed record Load(double PerSecond, double P99, int Failed);

    private sealed record Comparison(IReadOnlyList<Load> Calm, IReadOnlyList<Load> Busy)
    {
        public double Throughput => Middle(Busy.Select(load => load.PerSecond)) / Middle(Calm.Select(load => load.PerSecond));

        public double Tail => Middle(Busy.Select(load => load.P99)) / Middle(Calm.Select(load => load.P99));

        public int Failed => Calm.Concat(Busy).Sum(load => load.Failed);
    }
}
