using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>
/// One whole rotation of a typical login, against its floor: the same statements, in the same round trips over as many connections, by the raw driver, and as
/// many durable writes to a file of SQLite. The floor's list is in bench/floors, made by <c>record</c> from what a rotation sent.
/// </summary>
internal sealed partial class RotationBench : Bench
{
    private const int Rounds = 12;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    public override string Name => "rotation";

    private static string FloorPath => Path.Combine(Repository.Root, "bench", "floors", "postgresql.json");

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        var floor = JsonSerializer.Deserialize<Floor>(await File.ReadAllTextAsync(FloorPath, cancellationToken))!;
        await using var shop = await PostgresShop.StartAsync(cancellationToken);
        await shop.MakeShopAsync();
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await using var store = await OpenStoreAsync(folder, "store");
            await using var service = NewService(store);
            await using var file = await FloorFile.OpenAsync(Path.Combine(folder.FullName, "floor.db"));
            var (ours, raw) = await PairAsync(
                Rounds,
                async () =>
                {
                    var name = await AddAsync(shop, store, cancellationToken);
                    _ = await service.RotateAsync(new() { Name = name, GracePeriod = TimeSpan.Zero }, new Silent(), cancellationToken);
                },
                async () =>
                {
                    var name = await shop.NewTypicalLoginAsync();
                    await ReplayAsync(shop, floor, name, PostgresShop.NewName("next"), file);
                });
            // What both have to do and what is not the rotation's: making the login, and storing it.
            var making = await MedianAsync(Rounds, () => AddAsync(shop, store, cancellationToken));
            var makingOnly = await MedianAsync(Rounds, () => shop.NewTypicalLoginAsync());
            return
            [
                Ratio(
                    "PostgreSQL: one rotation of a typical login, no drain", ours - making, raw - makingOnly, "its statements by the raw driver", 1.25,
                    string.Create(CultureInfo.InvariantCulture, $"{floor.Steps.Count} round trips over {floor.Steps.Select(step => step.Connection).Distinct().Count()} connections, {floor.Writes} durable writes")),
            ];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Renews the floor's list.</summary>
    public static async Task<int> RecordAsync()
    {
        await using var shop = await PostgresShop.StartAsync(CancellationToken.None);
        await shop.MakeShopAsync();
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await using var recorder = new Recorder(shop.Server.Host, shop.Server.Port);
            await using var store = await OpenStoreAsync(folder, "store");
            await using var service = NewService(store);
            var name = await AddAsync(shop, store, CancellationToken.None, recorder.Port);
            var record = await service.RotateAsync(new() { Name = name, GracePeriod = TimeSpan.Zero }, new Silent(), CancellationToken.None);
            var journal = (await store.ReadRotationAsync(record.RotationId, CancellationToken.None))!;
            // Besides journal and stages: the lease twice, the record, its document, the flip, the state, the erased secret.
            var writes = journal.Entries.Count + record.Stages.Count + 7;
            var steps = recorder.Steps.Select(step => step with
            {
                User = Masked(step.User),
                Statements = [.. step.Statements.Select(Masked)],
            });
            await File.WriteAllTextAsync(FloorPath, $"{JsonSerializer.Serialize(new Floor(writes, [.. steps]), Json)}\n");
            Console.WriteLine($"{FloorPath}: {recorder.Steps.Count} round trips, {writes} writes");
            return 0;

            // The new name first: it begins with the credential's, which is the old one here.
            string Masked(string text) => Verifier().Replace(text, "'{verifier}'")
                .Replace(record.NewUsername, "{new}", StringComparison.Ordinal)
                .Replace(record.OldUsername, "{old}", StringComparison.Ordinal)
                .Replace(shop.Server.SuperUser, "{admin}", StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task ReplayAsync(PostgresShop shop, Floor floor, string old, string @new, FloorFile file)
    {
        var verifier = await shop.ReadVerifierAsync(old);
        var connections = new Dictionary<int, NpgsqlConnection>();
        var written = 0;
        try
        {
            for (var index = 0; index < floor.Steps.Count; index++)
            {
                var step = floor.Steps[index];
                if (!connections.TryGetValue(step.Connection, out var connection))
                {
                    var user = Filled(step.User);
                    connections[step.Connection] = connection = await shop.Server.OpenAsync(
                        step.Database, user == shop.Server.SuperUser ? null : user, user == shop.Server.SuperUser ? null : PostgresShop.Password);
                }

                await using var batch = new NpgsqlBatch(connection);
                foreach (var statement in step.Statements)
                    batch.BatchCommands.Add(new(Filled(statement)));
                await using (var reader = await batch.ExecuteReaderAsync())
                {
                    do
                    {
                        while (await reader.ReadAsync())
                        {
                            // Read to the end, as whoever asks does.
                        }
                    }
                    while (await reader.NextResultAsync());
                }

                for (; written < (index + 1) * floor.Writes / floor.Steps.Count; written++)
                    await file.WriteAsync();
            }
        }
        finally
        {
            foreach (var connection in connections.Values)
                await connection.DisposeAsync();
        }

        string Filled(string text) => text
            .Replace("{verifier}", verifier, StringComparison.Ordinal)
            .Replace("{old}", old, StringComparison.Ordinal)
            .Replace("{new}", @new, StringComparison.Ordinal)
            .Replace("{admin}", shop.Server.SuperUser, StringComparison.Ordinal);
    }

    internal static RotationService NewService(ICredentialStore store) => new(new(store, EngineRegistry.Default, TimeProvider.System, new() { PollInterval = TimeSpan.FromMilliseconds(20) }));

    internal static Task<SqliteCredentialStore> OpenStoreAsync(DirectoryInfo folder, string name) => SqliteCredentialStore.OpenAsync(
        Path.Combine(folder.FullName, $"{name}.db"), new KeyFileProvider(), TimeProvider.System, createIfMissing: true, CancellationToken.None);

    internal static async Task<string> AddAsync(PostgresShop shop, ICredentialStore store, CancellationToken cancellationToken, int? port = null)
    {
        var name = await shop.NewTypicalLoginAsync();
        var credential = shop.Credential(name);
        await store.AddAsync(
            credential with { Port = port ?? credential.Port, AdminUsername = shop.Admin.Username }, new(name, new(PostgresShop.Password)), shop.Admin, cancellationToken);
        return name;
    }

    [GeneratedRegex("'SCRAM-SHA-256\\$[^']*'")]
    private static partial Regex Verifier();

    /// <summary>The pinned list.</summary>
    /// <param name="Writes">How many durable writes the journal makes.</param>
    /// <param name="Steps">What is sent to the server.</param>
    internal sealed record Floor(int Writes, IReadOnlyList<FloorStep> Steps);
}
