using System.Globalization;
using Nebula.Rotation.Benchmarks.Floors;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Benchmarks;

/// <summary>
/// One whole rotation of a typical login, against its floor: the same statements, in the same round trips over as many connections, by the raw driver, and as
/// many durable writes to a file of SQLite. The floors' lists are in bench/floors, made by <c>record</c> from what a rotation sent.
/// </summary>
internal sealed class RotationBench : Bench
{
    private const int Rounds = 30;

    private static readonly (string Title, Func<CancellationToken, Task<Shop>> StartAsync)[] Shops =
    [
        ("PostgreSQL", PostgresShop.StartTypicalAsync), ("MariaDB", MariaDbShop.StartTypicalAsync), ("Redis", RedisShop.StartTypicalAsync),
    ];

    public override string Name => "rotation";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        var figures = new List<Figure>();
        foreach (var (title, startAsync) in Shops)
        {
            try
            {
                await using var shop = await startAsync(cancellationToken);
                figures.Add(await MeasureAsync(shop, cancellationToken));
            }
            catch (ServerUnavailableException e)
            {
                figures.Add(new(Line(title), "not measured", "", null, "", null, e.Message.ReplaceLineEndings(" ")));
            }
        }

        return figures;
    }

    /// <summary>Renews the floors' lists.</summary>
    public static async Task<int> RecordAsync()
    {
        foreach (var (_, startAsync) in Shops)
        {
            await using var shop = await startAsync(CancellationToken.None);
            var floor = await RecordAsync(shop);
            Console.WriteLine($"{Floor.PathOf(shop)}: {floor.Steps.Count} round trips, {floor.Writes} writes");
        }

        return 0;
    }

    private static string Line(string title) => $"{title}: one rotation of a typical login, no drain";

    private static async Task<Figure> MeasureAsync(Shop shop, CancellationToken cancellationToken)
    {
        var floor = await Floor.ReadAsync(shop, cancellationToken);
        var verifier = await shop.NewVerifierAsync();
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await using var store = await OpenStoreAsync(folder, "store");
            await using var service = NewService(store);
            await using var file = await FloorFile.OpenAsync(Path.Combine(folder.FullName, "floor.db"));
            // Making the login, and storing it, is not the rotation's.
            var (ours, raw) = await PairAsync(
                Rounds,
                (() => AddAsync(shop, store, cancellationToken),
                 async name => _ = await service.RotateAsync(new() { Name = name, GracePeriod = TimeSpan.Zero }, new Silent(), cancellationToken)),
                (shop.NewTypicalLoginAsync,
                 name => floor.ReplayAsync(shop, new(name, Shop.NewName("next"), shop.Admin.Username), verifier, file)));
            return Ratio(
                Line(shop.Title), ours, raw, "its statements by the raw driver", 1.25,
                string.Create(CultureInfo.InvariantCulture, $"{floor.Steps.Count} round trips over {floor.Connections} connections, {floor.Writes} durable writes"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Floor> RecordAsync(Shop shop)
    {
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await using var recorder = shop.Record();
            await using var store = await OpenStoreAsync(folder, "store");
            await using var service = NewService(store);
            var name = await AddAsync(shop, store, CancellationToken.None, recorder.Port);
            var record = await service.RotateAsync(new() { Name = name, GracePeriod = TimeSpan.Zero }, new Silent(), CancellationToken.None);
            var journal = (await store.ReadRotationAsync(record.RotationId, CancellationToken.None))!;
            // Besides journal and stages: the lease twice, the record, its document, the flip, the state, the erased secret.
            var writes = journal.Entries.Count + record.Stages.Count + 7;
            var floor = new Floor(writes, recorder.Steps).Mask(shop, new(record.OldUsername, record.NewUsername, shop.Admin.Username));
            await floor.WriteAsync(shop, [Shop.Password, shop.Admin.Password.Reveal()]);
            return floor;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    internal static RotationService NewService(ICredentialStore store) => new(new(store, EngineRegistry.Default, TimeProvider.System, new() { PollInterval = TimeSpan.FromMilliseconds(20) }));

    internal static Task<SqliteCredentialStore> OpenStoreAsync(DirectoryInfo folder, string name) => SqliteCredentialStore.OpenAsync(
        Path.Combine(folder.FullName, $"{name}.db"), new KeyFileProvider(), TimeProvider.System, createIfMissing: true, CancellationToken.None);

    internal static async Task<string> AddAsync(Shop shop, ICredentialStore store, CancellationToken cancellationToken, int? port = null)
    {
        var name = await shop.NewTypicalLoginAsync();
        var credential = shop.Credential(name);
        await store.AddAsync(
            credential with { Port = port ?? credential.Port, AdminUsername = shop.Admin.Username }, new(name, new(Shop.Password)), shop.Admin, cancellationToken);
        return name;
    }
}
