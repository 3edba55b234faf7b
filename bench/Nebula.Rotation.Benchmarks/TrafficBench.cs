using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Nebula.Rotation.Pooling;
using Nebula.Rotation.Pooling.Sources;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>What an application notices of rotations: a pool that follows the store, under load, with one every two seconds and without.</summary>
internal sealed class TrafficBench : Bench
{
    private const int Workers = 4;
    private const int Windows = 5;
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
                new StoreLoginSource(store, name), login => Open(shop, login), new() { WarmConnections = Workers }, cancellationToken);
            var publisher = new PoolPublisher([pool]);
            _ = await LoadAsync(pool, Window);
            var (calm, busy) = (new List<Load>(), new List<Load>());
            var rotations = 0;
            for (var window = 0; window < Windows; window++)
            {
                calm.Add(await LoadAsync(pool, Window));
                using var stop = new CancellationTokenSource();
                var rotating = RotateAsync(stop.Token);
                busy.Add(await LoadAsync(pool, Window));
                await stop.CancelAsync();
                await rotating;
            }

            var throughput = Middle(busy.Select(load => load.PerSecond)) / Middle(calm.Select(load => load.PerSecond));
            var tail = Middle(busy.Select(load => load.P99)) / Middle(calm.Select(load => load.P99));
            var failed = calm.Concat(busy).Sum(load => load.Failed);
            return
            [
                new("Application: throughput while rotating every 2 s", Rate(busy), $"{Rate(calm)} without", throughput, "≥ 0.97", throughput >= 0.97, $"{rotations} rotations, {failed} failed transactions"),
                new("Application: p99 while rotating every 2 s", Milliseconds(busy), $"{Milliseconds(calm)} without", tail, "≤ 1.2", tail <= 1.2, "the rotation's own work shares the processors with server and application"),
            ];

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

    private static async Task<Load> LoadAsync(RotatingDataSource pool, TimeSpan length)
    {
        var times = new ConcurrentBag<double>();
        var failed = 0;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            while (Stopwatch.GetElapsedTime(started) < length)
            {
                var begun = Stopwatch.GetTimestamp();
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
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE sales.accounts SET balance = balance + 1 WHERE id = $1";
        command.Parameters.Add(new NpgsqlParameter { Value = id });
        await command.ExecuteNonQueryAsync();
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
}
