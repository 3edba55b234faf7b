using Npgsql;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>By Npgsql.</summary>
internal sealed class PostgresFloorConnection(NpgsqlConnection connection) : IFloorConnection
{
    public async Task RunAsync(IReadOnlyList<string> statements)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var statement in statements)
            batch.BatchCommands.Add(new(statement));
        await using var reader = await batch.ExecuteReaderAsync();
        do
        {
            while (await reader.ReadAsync())
            {
                // Read to the end, as whoever asks does.
            }
        }
        while (await reader.NextResultAsync());
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
