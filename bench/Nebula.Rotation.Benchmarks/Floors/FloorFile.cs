using Microsoft.Data.Sqlite;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>A file of SQLite that is written as durably as the store is: write-ahead log, synchronous=FULL.</summary>
internal sealed class FloorFile : IAsyncDisposable
{
    private readonly SqliteConnection _connection;

    private FloorFile(SqliteConnection connection) => _connection = connection;

    public static async Task<FloorFile> OpenAsync(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync();
        var file = new FloorFile(connection);
        await file.RunAsync("PRAGMA journal_mode = WAL");
        await file.RunAsync("PRAGMA synchronous = FULL");
        await file.RunAsync("CREATE TABLE entries (id INTEGER PRIMARY KEY, data BLOB NOT NULL)");
        return file;
    }

    /// <summary>One small entry, on the disk when the task ends.</summary>
    public Task WriteAsync() => RunAsync("INSERT INTO entries (data) VALUES (randomblob(200))");

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task RunAsync(string sql)
    {
        await using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
