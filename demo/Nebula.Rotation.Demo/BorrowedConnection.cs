using System.Data.Common;

namespace Nebula.Rotation.Demo;

/// <summary>A connection from a <see cref="RotatingPool"/>; disposing it gives it back.</summary>
internal sealed class BorrowedConnection(PoolGeneration generation, DbConnection connection) : IAsyncDisposable
{
    /// <summary>The login that the session belongs to, for as long as it lasts.</summary>
    public string Username => generation.Username;

    public DbConnection Connection => connection;

    /// <summary>The transaction under way, which some providers want named with each command; or null.</summary>
    public DbTransaction? Transaction { get; private set; }

    /// <summary>Does work in a transaction, and commits it.</summary>
    public async Task<T> TransactAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        Transaction = transaction;
        try
        {
            var result = await work();
            await transaction.CommitAsync(cancellationToken);
            return result;
        }
        finally
        {
            Transaction = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await generation.LetGoAsync();
    }
}
