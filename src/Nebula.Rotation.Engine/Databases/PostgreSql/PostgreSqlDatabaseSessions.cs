using System.Collections.Concurrent;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>
/// The admin's sessions in other databases than the credential's own: opened when asked for, and a few are kept for the next use. Each carries a mark
/// (<see cref="PostgreSqlTargetLock.MarkAsync"/>) by which a successor finds and ends it.
/// </summary>
internal sealed class PostgreSqlDatabaseSessions(PostgreSqlConnector connector, string host, string home) : IAsyncDisposable
{
    private const int MostKept = 8;

    private readonly ConcurrentDictionary<string, PostgreSqlSession> _kept = new(StringComparer.Ordinal);

    private readonly List<string> _locked = [];

    /// <summary>Every database that a snapshot of this connection visited.</summary>
    public SortedSet<string> Visited { get; } = new(StringComparer.Ordinal);

    /// <summary>Marks later sessions as working on a login; those that are kept are closed.</summary>
    public async Task LockAsync(string username)
    {
        _locked.Add(username);
        await CloseAsync();
    }

    public async Task<T> UseAsync<T>(string database, Func<PostgreSqlSession, Task<T>> work, CancellationToken cancellationToken)
    {
        var session = await TakeAsync(database, cancellationToken);
        T result;
        try
        {
            result = await work(session);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        await ReturnAsync(database, session);
        return result;
    }

    /// <summary>A session that the caller disposes, or gives back in order.</summary>
    public async Task<PostgreSqlSession> TakeAsync(string database, CancellationToken cancellationToken)
    {
        if (_kept.TryRemove(database, out var kept))
            return kept;

        var session = await PostgreSqlAdminSessions.OpenAsync(connector, host, database, cancellationToken);
        try
        {
            foreach (var username in _locked)
                await PostgreSqlTargetLock.MarkAsync(session, home, username, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public async ValueTask ReturnAsync(string database, PostgreSqlSession session)
    {
        if (_kept.Count >= MostKept || !session.IsOpen || !_kept.TryAdd(database, session))
            await session.DisposeAsync();
    }

    /// <summary>Closes what is kept: for the time in which nothing is changed or read.</summary>
    public async ValueTask CloseAsync()
    {
        foreach (var database in _kept.Keys)
        {
            if (_kept.TryRemove(database, out var session))
                await session.DisposeAsync();
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();
}
