using Microsoft.Data.Sqlite;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>
/// One private connection, used by one caller at a time. SQLite has no asynchronous calls: work runs where it is started and is kept short. A
/// token is looked at before the work begins and never in it, so that a write either happened or did not.
/// </summary>
internal sealed class SqliteDatabase : IStoreDatabase
{
    // The key can be replaced again while the last one is read, though nobody does so often.
    private const int KeyTries = 5;

    private readonly SqliteConnection _connection;
    private readonly SqliteSession _session;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _disposed;

    private SqliteDatabase(SqliteConnection connection, string path)
    {
        _connection = connection;
        _session = new SqliteSession(connection);
        Path = path;
    }

    public string Path { get; }

    string IStoreDatabase.Location => Path;

    /// <summary>Called after a write that was rolled back.</summary>
    public Action? RolledBack { get; set; }

    /// <summary>Called when a transaction found that another process has replaced the store's key: reads it again, or throws. The work is done once more then.</summary>
    public Func<CancellationToken, Task>? KeyReplaced { get; set; }

    /// <summary>Opens a file that exists and sets what a connection has to be told each time.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">The path for messages, when the file is a draft of the store there.</param>
    public static SqliteDatabase Open(string file, string? path = null)
    {
        path ??= file;
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            ForeignKeys = true,
            DefaultTimeout = 30,
        }.ConnectionString);
        var database = new SqliteDatabase(connection, path);
        try
        {
            connection.Open();

            // FULL: a commit is on the disk when it returns, in WAL mode too. fullfsync is the same promise on macOS. secure_delete: an erased
            // secret leaves no copy in a free page. cell_size_check finds damage before it is followed.
            database._session.Execute(
                """
                PRAGMA busy_timeout = 2000;
                PRAGMA synchronous = FULL;
                PRAGMA fullfsync = ON;
                PRAGMA secure_delete = ON;
                PRAGMA trusted_schema = OFF;
                PRAGMA cell_size_check = ON;
                """);
            return database;
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw SqliteErrors.Translate(exception, path);
        }
    }

    /// <summary>
    /// Whether closing leaves the write-ahead file where it is, instead of copying it into the store (sqlite.org/c3ref/c_dbconfig_defensive.html,
    /// SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).
    /// </summary>
    public void KeepLog(bool keep)
    {
        var result = SQLitePCL.raw.sqlite3_db_config(_connection.Handle, SQLitePCL.raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, out _);
        if (result != SQLitePCL.raw.SQLITE_OK)
            throw SqliteErrors.Translate(new SqliteException(SQLitePCL.raw.sqlite3_errstr(result).utf8_to_string(), result), Path);
    }

    /// <summary>Reads, in one snapshot of the file.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken) => RunAsync(work, "BEGIN", cancellationToken);

    /// <summary>Writes in one transaction, which takes the write lock at once: what it reads cannot change under it.</summary>
    public Task<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken) => RunAsync(work, "BEGIN IMMEDIATE", cancellationToken);

    /// <summary>Writes in one transaction.</summary>
    public Task WriteAsync(Action<SqliteSession> work, CancellationToken cancellationToken) => WriteAsync(
        session =>
        {
            work(session);
            return true;
        },
        cancellationToken);

    Task<T> IStoreDatabase.ReadAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => RunAsync(Complete(work), null, cancellationToken);

    Task<T> IStoreDatabase.ReadSnapshotAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => ReadAsync(Complete(work), cancellationToken);

    Task<T> IStoreDatabase.WriteAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => WriteAsync(Complete(work), cancellationToken);

    /// <remarks>In a transaction all the same: of a statement that gives rows nobody would hear that its own commit failed.</remarks>
    Task<T> IStoreDatabase.WriteSingleAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => WriteAsync(Complete(work), cancellationToken);

    /// <summary>What is in the write-ahead log stays there until it is written over.</summary>
    Task IStoreDatabase.SweepAsync()
    {
        Bare(static session => session.Scalar("PRAGMA wal_checkpoint(TRUNCATE)"));
        return Task.CompletedTask;
    }

    /// <summary>Runs outside of a transaction: settings that SQLite takes there only.</summary>
    public T Bare<T>(Func<SqliteSession, T> work)
    {
        try
        {
            return work(_session);
        }
        catch (SqliteException exception)
        {
            throw SqliteErrors.Translate(exception, Path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;

        await _gate.WaitAsync();
        _disposed = true;
        _gate.Release();
        try
        {
            await _connection.DisposeAsync();
        }
        catch (SqliteException exception)
        {
            throw SqliteErrors.Translate(exception, Path);
        }
    }

    /// <summary>Every task of a session is complete when it is given, and so is what awaits nothing else.</summary>
    private static Func<SqliteSession, T> Complete<T>(Func<StoreSession, Task<T>> work) => session => work(session).GetAwaiter().GetResult();

    /// <param name="work">What is run.</param>
    /// <param name="begin">What begins its transaction; null where each statement stands for itself.</param>
    /// <param name="cancellationToken">Looked at before the work begins.</param>
    private async Task<T> RunAsync<T>(Func<SqliteSession, T> work, string? begin, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            for (var tries = 1; ; tries++)
            {
                try
                {
                    return begin is null ? work(_session) : Run(work, begin);
                }
                catch (StoreKeyReplacedException) when (KeyReplaced is not null && tries < KeyTries)
                {
                    await KeyReplaced(cancellationToken);
                }
            }
        }
        catch (SqliteException exception)
        {
            throw SqliteErrors.Translate(exception, Path);
        }
        catch (StoreKeyReplacedException exception)
        {
            throw SqliteErrors.Unavailable(Path, "its key is being replaced by another process", "Nothing was written. Run the command again.", exception);
        }
        catch (StoreDataException exception)
        {
            throw SqliteErrors.Corrupt(Path, exception.Message, exception);
        }
        finally
        {
            _gate.Release();
        }
    }

    private T Run<T>(Func<SqliteSession, T> work, string begin)
    {
        _session.Execute(begin);
        var committed = false;
        try
        {
            var result = work(_session);
            _session.Execute("COMMIT");
            committed = true;
            return result;
        }
        finally
        {
            if (!committed)
                RollBack();
        }
    }

    private void RollBack()
    {
        RolledBack?.Invoke();
        try
        {
            if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
                _session.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself (disk full, read error); what is thrown already says why.
        }
    }
}
