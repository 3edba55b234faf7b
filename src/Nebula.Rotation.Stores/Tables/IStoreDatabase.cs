namespace Nebula.Rotation.Stores.Tables;

/// <summary>
/// What the tables are in: runs work in a session. Work may be run more than once, each time in a new transaction, so it changes nothing but the store;
/// what it throws rolls the transaction back.
/// </summary>
internal interface IStoreDatabase : IAsyncDisposable
{
    /// <summary>Where it is, for messages.</summary>
    string Location { get; }

    /// <summary>Called when a transaction found that another process has replaced the store's key: reads it again, or throws. The work is done once more then.</summary>
    Func<CancellationToken, Task>? KeyReplaced { get; set; }

    /// <summary>Reads by statements of which each sees what was committed when it began.</summary>
    Task<T> ReadAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Reads by several statements that see one state of the store.</summary>
    Task<T> ReadSnapshotAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Writes in one transaction, which is durable when the task ends.</summary>
    Task<T> WriteAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Writes by statements of which each stands for itself.</summary>
    Task<T> WriteSingleAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Called when what was replaced or erased should not linger in logs that the store itself can empty.</summary>
    Task SweepAsync();
}
