using System.Data.Common;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>
/// The connections to a shared store. Work whose connection was lost before its commit was rolled back by the server, and is done once more on a new one,
/// for a while; a commit whose answer was lost is looked for in the store before anybody is told anything.
/// </summary>
internal sealed class PostgreSqlDatabase(DbDataSource source, string location, TimeProvider time, bool isTimed) : IStoreDatabase
{
    private const int KeyTries = 5;
    private const int ConflictTries = 10;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>Read committed, since rows are locked before they count. A server that confirms commits early (synchronous_commit) does not for us: they are durable.</summary>
    private static readonly string[] WriteBegin =
        ["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", "SET LOCAL lock_timeout = '10s'", "SET LOCAL idle_in_transaction_session_timeout = '30s'", "SET LOCAL synchronous_commit = on"];

    private static readonly string[] SnapshotBegin = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"];

    private bool _hasAnswered;

    public string Location => location;

    public Func<CancellationToken, Task>? KeyReplaced { get; set; }

    /// <summary>How long a lost connection is tried for again. Shorter than a lease.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);

    public Task<T> ReadAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => RunAsync(work, [], false, cancellationToken);

    public Task<T> ReadSnapshotAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => RunAsync(work, SnapshotBegin, false, cancellationToken);

    public Task<T> WriteAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => RunAsync(work, WriteBegin, true, cancellationToken);

    public Task<T> WriteSingleAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken) => RunAsync(work, [], false, cancellationToken);

    /// <summary>What an update leaves behind is the server's to vacuum.</summary>
    public Task SweepAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private async Task<T> RunAsync<T>(Func<StoreSession, Task<T>> work, IReadOnlyList<string> begin, bool locks, CancellationToken cancellationToken)
    {
        long? lostAt = null;
        var (conflicts, keyTries) = (0, 0);
        try
        {
            while (true)
            {
                try
                {
                    var result = await AttemptAsync(work, begin, locks, cancellationToken);
                    _hasAnswered = true;
                    return result;
                }
                catch (StoreKeyReplacedException) when (KeyReplaced is not null && ++keyTries < KeyTries)
                {
                    await KeyReplaced(cancellationToken);
                }
                catch (LostConnectionException lost)
                {
                    // A store that never answered is wrongly named more often than it is about to start.
                    if (!_hasAnswered || time.GetElapsedTime(lostAt ??= time.GetTimestamp()) >= Patience)
                        throw PostgreSqlErrors.Translate(lost.Reason, location);
                    await Task.Delay(RetryDelay, cancellationToken);
                }
                catch (DbException exception) when (PostgreSqlErrors.IsConflict(exception) && ++conflicts < ConflictTries)
                {
                    await Task.Delay(RetryDelay * Random.Shared.NextDouble(), cancellationToken);
                }
            }
        }
        catch (DbException exception)
        {
            throw PostgreSqlErrors.Translate(exception, location);
        }
        catch (StoreKeyReplacedException exception)
        {
            throw PostgreSqlErrors.Unavailable(location, "its key is being replaced by another process", "Nothing was written. Run the command again.", exception);
        }
        catch (StoreDataException exception)
        {
            throw PostgreSqlErrors.Corrupt(location, exception.Message, exception);
        }
    }

    /// <exception cref="LostConnectionException">Nothing was done; it may be done again.</exception>
    private async Task<T> AttemptAsync<T>(Func<StoreSession, Task<T>> work, IReadOnlyList<string> begin, bool locks, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        var session = new PostgreSqlSession(connection, begin, locks, isTimed, cancellationToken);
        T result;
        try
        {
            result = await work(session);
        }
        catch (Exception exception)
        {
            await session.RollBackAsync();
            if (exception is DbException broken && PostgreSqlErrors.IsLost(broken, connection))
                throw new LostConnectionException(broken);
            throw;
        }

        if (!session.IsTransaction)
            return result;
        try
        {
            await session.CommitAsync();
        }
        catch (DbException exception) when (PostgreSqlErrors.IsLost(exception, connection))
        {
            if (session.Proof is null || !await HasCommittedAsync(session.Proof, exception))
                throw new LostConnectionException(exception);
        }
        catch (DbException)
        {
            await session.RollBackAsync();
            throw;
        }

        return result;
    }

    /// <summary>
    /// Asks the store what became of a transaction. The server may not know yet that its client is gone, or be busy with the commit: the row that the
    /// transaction has locked is waited for first.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreOutcomeUnknown"/>: the store could not be asked.</exception>
    private async Task<bool> HasCommittedAsync(CommitProof proof, DbException lost)
    {
        for (var began = time.GetTimestamp(); ;)
        {
            try
            {
                await using var connection = await OpenAsync(CancellationToken.None);
                var session = new PostgreSqlSession(connection, WriteBegin, true, isTimed, CancellationToken.None);
                await session.LockAsync(proof.Held, proof.HeldParameters);
                var found = await session.ScalarAsync(proof.Fact, proof.FactParameters) is not null;
                await session.RollBackAsync();
                return found;
            }
            catch (Exception exception) when (exception is DbException or LostConnectionException)
            {
                if (time.GetElapsedTime(began) >= Patience * 2)
                    throw PostgreSqlErrors.Unknown(location, lost);
                await Task.Delay(RetryDelay);
            }
        }
    }

    private async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await source.OpenConnectionAsync(cancellationToken);
        }
        catch (DbException exception) when (PostgreSqlErrors.IsLost(exception, null))
        {
            throw new LostConnectionException(exception);
        }
    }

    private sealed class LostConnectionException(DbException reason) : Exception(reason.Message, reason)
    {
        public DbException Reason => reason;
    }
}
