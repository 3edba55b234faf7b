using System.Globalization;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Benchmarks;

/// <summary>A store with very many credentials: finding one, and those that are due, must not cost more than in an empty one.</summary>
internal sealed class StoreBench : Bench
{
    private const int Many = 100_000;
    private const int Due = 50;

    public override string Name => "store";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await using var small = await OpenAsync(folder, "small");
            await using var large = await OpenAsync(folder, "large");
            await FillAsync(small, Due, Due, cancellationToken);
            await FillAsync(large, Due, Due, cancellationToken);
            await MultiplyAsync(Path.Combine(folder.FullName, "large.db"), Many);
            var now = DateTimeOffset.UtcNow;
            var (getLarge, getSmall) = await PairAsync(200, () => large.FindAsync("c5", "global", cancellationToken), () => small.FindAsync("c5", "global", cancellationToken));
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var (dueLarge, dueSmall) = await PairAsync(
                20, () => large.ListAsync(new() { DueAt = now }, cancellationToken), () => small.ListAsync(new() { DueAt = now }, cancellationToken));
            var grown = Math.Max(0, GC.GetTotalMemory(forceFullCollection: true) - before) / 1024;
            var found = await large.ListAsync(new() { DueAt = now }, cancellationToken);
            return
            [
                Ratio("Store: get one of 100,000 by name", getLarge, getSmall, "of 50", 2),
                new("Store: list what is due of 100,000", Text(dueLarge), $"{Text(dueSmall)} of 50", dueLarge / dueSmall, "< 200 ms", dueLarge.TotalMilliseconds < 200,
                    string.Create(CultureInfo.InvariantCulture, $"{found.Count} due; {grown} KB more held after 20 lists")),
            ];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Task<SqliteCredentialStore> OpenAsync(DirectoryInfo folder, string name) => SqliteCredentialStore.OpenAsync(
        Path.Combine(folder.FullName, $"{name}.db"), new KeyFileProvider(), TimeProvider.System, createIfMissing: true, CancellationToken.None);

    /// <summary>Credentials c0 and so on, of which some are due.</summary>
    private static async Task FillAsync(SqliteCredentialStore store, int count, int due, CancellationToken cancellationToken)
    {
        for (var number = 0; number < count; number++)
        {
            await store.AddAsync(
                new()
                {
                    Name = $"c{number}",
                    DatabaseType = DatabaseType.PostgreSql,
                    HostName = ["db1.example"],
                    Port = 5432,
                    Database = "app",
                    Username = $"c{number}",
                    // An interval of no length is over at once.
                    RotationInterval = number < due ? TimeSpan.FromTicks(1) : TimeSpan.FromDays(30),
                },
                new($"c{number}", new("a-password")),
                null,
                cancellationToken);
        }
    }

    /// <summary>Copies of the first rows under other names, due next month: through the store's own calls they would take minutes, each being durable.</summary>
    private static async Task MultiplyAsync(string path, int count)
    {
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < $count)
            INSERT INTO credentials (id, scope_id, name, folded, database_type, settings, username, version, created_at, last_rotated_at, next_rotation_at, revision)
            SELECT lower(printf('%08x-0000-4000-8000-%012x', n.i, n.i)), c.scope_id, 'copy' || n.i, 'COPY' || n.i, c.database_type, c.settings, c.username,
                   c.version, c.created_at, c.last_rotated_at, replace(c.next_rotation_at, substr(c.next_rotation_at, 1, 4), '2099'), 1
            FROM n JOIN credentials c ON c.username = 'c1'
            """;
        command.Parameters.AddWithValue("$count", count + 99);
        await command.ExecuteNonQueryAsync();
    }
}
