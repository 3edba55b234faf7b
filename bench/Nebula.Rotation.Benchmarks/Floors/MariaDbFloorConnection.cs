using MySqlConnector;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>By MySqlConnector.</summary>
internal sealed class MariaDbFloorConnection(MySqlConnection connection) : IFloorConnection
{
    public async Task RunAsync(IReadOnlyList<string> statements)
    {
        // The pinned list, with the names of this run.
#pragma warning disable CA2100
        await using var command = new MySqlCommand(string.Join(';', statements), connection);
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
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
