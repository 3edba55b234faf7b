using Npgsql;

namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>
/// An independent reading of what a login has: from pg_dump and pg_dumpall, not from the catalogs, and with no code of the engine's.
/// </summary>
internal static class DumpOracle
{
    public static async Task<DumpReading> ReadAsync(PostgresServer server, DumpRequest request, CancellationToken ct = default)
    {
        var lines = new List<DumpLine>(DumpCanonicalizer.Lines(database: null, await server.DumpGlobalsAsync(ct), request.Login));
        foreach (var database in request.Databases ?? await DatabasesAsync(server, ct))
            lines.AddRange(DumpCanonicalizer.Lines(database, await server.DumpDatabaseAsync(database, ct), request.Login));
        return Reading(request, lines);
    }

    /// <summary>The differences, less those that the rules excuse.</summary>
    public static DumpDiff Diff(DumpReading before, DumpReading after, params IReadOnlyCollection<DumpRule> rules) => DumpDiff.Between(before, after, rules);

    internal static DumpReading Reading(DumpRequest request, IEnumerable<DumpLine> lines) =>
        new(request.Login, [.. lines.Where(request.Keeps).OrderBy(line => line.ToString(), StringComparer.Ordinal)]);

    private static async Task<IReadOnlyList<string>> DatabasesAsync(PostgresServer server, CancellationToken ct)
    {
        await using var connection = await server.OpenAsync(ct: ct);
        await using var command = new NpgsqlCommand("SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname", connection);
        await using var rows = await command.ExecuteReaderAsync(ct);
        var names = new List<string>();
        while (await rows.ReadAsync(ct))
            names.Add(rows.GetString(0));
        return names;
    }
}
