using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>
/// The store in a SQLite file, for the runners of one machine. Each write is one transaction that is on the disk when its task ends
/// (write-ahead log, synchronous=FULL). Several processes may have it open; keep the file on a local disk, as SQLite's locks and shared memory
/// demand (sqlite.org/wal.html). Calls of one object run one after another. A token is looked at before a call begins its work, not within.
/// </summary>
public sealed class SqliteCredentialStore : TableStore
{
    private SqliteCredentialStore(SqliteDatabase database, KeyRing keys, MasterKey master, TimeProvider time)
        : base(database, keys, master, time)
    {
        Database = database;
        database.RolledBack = keys.ForgetScopes;
        database.KeyReplaced = cancellationToken => master.FitAsync(
            keys, () => Task.FromResult(database.Bare(static session => MasterKeyTable.ReadCheckAsync(session).GetAwaiter().GetResult())), wasOpen: true, cancellationToken);
    }

    /// <summary>The connection, for tests that make it fail.</summary>
    internal SqliteDatabase Database { get; }

    /// <summary>Opens a store.</summary>
    /// <param name="path">The file.</param>
    /// <param name="keys">Where the master key comes from.</param>
    /// <param name="time">The clock of leases and time stamps; runners that share a store need clocks that agree to seconds.</param>
    /// <param name="createIfMissing">True to make the store, and its key where the provider can, when there is none.</param>
    /// <param name="cancellationToken">Stops before the next step.</param>
    /// <exception cref="RotationException">
    /// StoreUnavailable: missing, cannot be read or written, or made by a newer version. StoreCorrupt: damaged, or no store; the file is left as it
    /// is. StoreKeyInvalid: no key, another store's key, or one that others can read.
    /// </exception>
    public static async Task<SqliteCredentialStore> OpenAsync(
        string path, StoreKeyProvider keys, TimeProvider time, bool createIfMissing, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(time);
        path = Path.GetFullPath(path);
        var (database, ring) = await StoreFile.OpenAsync(path, keys, createIfMissing, cancellationToken);
        var movedTo = await ((IStoreDatabase)database).ReadAsync(StoreMark.FindMovedToAsync, cancellationToken);
        return new SqliteCredentialStore(database, ring, new MasterKey(keys, path), time) { MovedTo = movedTo };
    }

    /// <summary>Brings the key of a store back, where its provider keeps it, once it is known to be this store's.</summary>
    /// <exception cref="RotationException">StoreKeyInvalid: it does not open, or is another store's. InvalidArgument: the provider keeps no key.</exception>
    public static async Task<StoreKeyChange> ImportKeyAsync(
        string path, StoreKeyProvider keys, TimeProvider time, StoreKeyImport import, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        var key = KeyEscrow.Open(import);
        await StoreFile.RestoreKeyAsync(path, keys, key, cancellationToken);
        await using var store = await OpenAsync(path, keys, time, createIfMissing: false, cancellationToken);
        return await store.NoteImportAsync(import.Path, cancellationToken);
    }
}
