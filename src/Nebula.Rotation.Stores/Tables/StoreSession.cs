using System.Data.Common;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>
/// A connection while it is ours: a few words for running statements with parameters, the same for every kind of store. The statements are SQLite's
/// dialect where it matters ($name for a parameter); a session of another database says them in its own.
/// </summary>
internal abstract class StoreSession
{
    /// <summary>The time by which leases end, as an expression: <c>$now</c>, or the server's own clock where several machines share the store.</summary>
    public virtual string Now => "$now";

    /// <summary>When a lease that is taken now ends: <c>$expires</c>, or the server's time and <c>$seconds</c> more.</summary>
    public virtual string Expiry => "$expires";

    /// <summary>What a SELECT ends with when its rows must stay as they were read until the transaction ends. Empty where the whole store is locked anyway.</summary>
    /// <param name="alias">The table whose rows are meant, in a join.</param>
    public virtual string LockClause(string? alias = null) => string.Empty;

    /// <summary>Locks the rows of a SELECT until the transaction ends, before the next statement reads. Nothing where the whole store is locked anyway.</summary>
    public virtual Task LockAsync(string select, params ReadOnlySpan<(string Name, object? Value)> parameters) => Task.CompletedTask;

    /// <summary>Locks the store until the transaction ends: whatever anybody else begins to write waits. Nothing where it is locked anyway.</summary>
    public virtual Task LockStoreAsync() => Task.CompletedTask;

    /// <summary>Runs a statement and gives the number of rows it changed.</summary>
    public abstract Task<int> ExecuteAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters);

    /// <summary>
    /// A statement whose outcome nobody waits for: it has happened when the transaction has committed, or it fails the next statement or the commit.
    /// Across a network it travels with that one.
    /// </summary>
    public abstract Task SendAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters);

    /// <summary>The first column of the first row, or null.</summary>
    public abstract Task<object?> ScalarAsync(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters);

    /// <summary>The first row, or null.</summary>
    public abstract Task<T?> FirstAsync<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where T : class;

    /// <summary>All rows. No other statement runs while a row is read.</summary>
    public abstract Task<List<T>> AllAsync<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters);

    /// <summary>True when a statement failed because its row exists already.</summary>
    public abstract bool IsNotUnique(DbException exception);

    /// <summary>
    /// Says how to find out whether this transaction has committed, should the answer to its commit be lost: the lock that it holds, which whoever asks has
    /// to wait for, and a row that is there only if it has. A transaction without one may be run again whatever became of it.
    /// </summary>
    public virtual void ProveBy(
        (string Select, (string Name, object? Value)[] Parameters) held, (string Select, (string Name, object? Value)[] Parameters) fact)
    {
        // A file's commit has an answer.
    }
}
