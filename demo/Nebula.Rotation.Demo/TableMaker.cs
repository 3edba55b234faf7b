namespace Nebula.Rotation.Demo;

/// <summary>
/// Tables that are made while both logins are live: one by a session of the old login, one by a session of the new. Sessions of both must be able
/// to use both, and each its maker to change it; after the rotation all of it is the new login's.
/// </summary>
internal sealed class TableMaker(ShopSql sql, RotatingPool pool, RotatingPool latePool, int turn, Tally tally)
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
        foreach (var statement in _made.SelectMany(sql.Remove))
            await tally.ExecuteAsync(live, statement, cancellationToken);
        _made = [];
    }

    private async Task MakeAsync(BorrowedConnection session, string table, CancellationToken cancellationToken)
    {
        foreach (var statement in sql.Make(table))
            await tally.ExecuteAsync(session, statement, cancellationToken);
        _made.Add(table);
    }

    private async Task UseAsync(BorrowedConnection session, string table, CancellationToken cancellationToken)
    {
        var id = await tally.ScalarAsync<long>(session, sql.Write(table), cancellationToken, session.Username);
        var maker = await tally.ScalarAsync<string>(session, sql.Read(table), cancellationToken, id);
        WrongAnswerException.Unless(maker == session.Username, $"{table} has the row that {session.Username} wrote");
        await tally.ExecuteAsync(session, sql.Touch(table), cancellationToken, id);
    }

    private async Task ChangeAsync(BorrowedConnection session, string table, string column, CancellationToken cancellationToken)
    {
        foreach (var statement in sql.Change(table, column))
            await tally.ExecuteAsync(session, statement, cancellationToken);
    }
}
