using Npgsql;

namespace Nebula.Rotation.Demo;

/// <summary>A connection from a <see cref="RotatingPool"/>; disposing it gives it back.</summary>
internal sealed class BorrowedConnection(PoolGeneration generation, NpgsqlConnection connection) : IAsyncDisposable
{
    /// <summary>The login that the session belongs to, for as long as it lasts.</summary>
    public string Username => generation.Username;

    public NpgsqlConnection Connection => connection;

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await generation.LetGoAsync();
    }
}
