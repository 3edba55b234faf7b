namespace Nebula.Rotation.Demo;

/// <summary>
/// Tables that are made while both logins are live: one by a session of the old login, one by a session of the new. Sessions of both must be able
/// to use both, and each its owner to change it; after the rotation all of it belongs to the new login.
/// </summary>
internal sealed class TableMaker(RotatingPool pool, RotatingPool latePool, int turn, Tally tally)
{
    private readonly string _byOld = $"made_by_old_{turn}";
    private readonly string _byNew = $"made_by_new_{turn}";

    private List<string> _made = [];

    /// <summary>Waits until the store's new login is in use, then does it all within that time.</summary>
    public async Task MakeAsync(string oldUsername, CancellationToken cancellationToken)
    {
        while (pool.Username == oldUsername)
            await Task.Delay(20, cancellationToken);

        // A borrowed connection keeps its login, even should the late consumer follow this very moment.
        await using var old = await latePool.BorrowAsync(cancellationToken);
        await using var @new = await pool.BorrowAsync(cancellationToken);
        await MakeAsync(old, _byOld, cancellationToken);
        await MakeAsync(@new, _byNew, cancellationToken);
        foreach (var session in new[] { old, @new })
        {
            foreach (var table in _made)
                await UseAsync(session, table, cancellationToken);
        }

        await ChangeAsync(old, _byOld, "by_its_maker", cancellationToken);
        await ChangeAsync(@new, _byNew, "by_its_maker", cancellationToken);
    }

    /// <summary>After a rotation: the live login uses and changes what either has made.</summary>
    public async Task ProveAsync(int afterTurn, CancellationToken cancellationToken)
    {
        await using var live = await pool.BorrowAsync(cancellationToken);
        foreach (var table in _made)
        {
            await UseAsync(live, table, cancellationToken);
            await ChangeAsync(live, table, $"after_turn_{afterTurn}", cancellationToken);
        }
    }

    /// <summary>The live login removes them, which only an owner can.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await using var live = await pool.BorrowAsync(cancellationToken);
        foreach (var table in _made)
            await tally.ExecuteAsync(live, $"DROP TABLE {table}", cancellationToken);
        _made = [];
    }

    private async Task MakeAsync(BorrowedConnection session, string table, CancellationToken cancellationToken)
    {
        await tally.ExecuteAsync(session, $"CREATE TABLE {table} (id bigserial PRIMARY KEY, made_by text NOT NULL)", cancellationToken);
        _made.Add(table);
    }

    private async Task UseAsync(BorrowedConnection session, string table, CancellationToken cancellationToken)
    {
        var id = await tally.ScalarAsync<long>(session, $"INSERT INTO {table} (made_by) VALUES ($1) RETURNING id", cancellationToken, session.Username);
        var maker = await tally.ScalarAsync<string>(session, $"SELECT made_by FROM {table} WHERE id = $1", cancellationToken, id);
        WrongAnswerException.Unless(maker == session.Username, $"{table} has the row that {session.Username} wrote");
        await tally.ExecuteAsync(session, $"UPDATE {table} SET made_by = made_by WHERE id = $1", cancellationToken, id);
    }

    private async Task ChangeAsync(BorrowedConnection session, string table, string column, CancellationToken cancellationToken) =>
        await tally.ExecuteAsync(session, $"ALTER TABLE {table} ADD COLUMN {column} text", cancellationToken);
}
