namespace Nebula.Rotation.Demo;

/// <summary>A transaction that began before the rotation and ends long after the new login is live. It must be let finish.</summary>
internal static class LongTransaction
{
    /// <param name="pool">Where it takes its connection.</param>
    /// <param name="duration">Between its first statement and its second.</param>
    /// <param name="tally">Counts.</param>
    /// <param name="begun">Called when it has read, and holds its locks.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public static async Task RunAsync(RotatingPool pool, TimeSpan duration, Tally tally, Action begun, CancellationToken cancellationToken)
    {
        await using var connection = await pool.BorrowAsync(cancellationToken);
        await using var transaction = await connection.Connection.BeginTransactionAsync(cancellationToken);
        var customers = await tally.ScalarAsync<long>(connection, "SELECT count(*) FROM customers", cancellationToken);
        begun();
        await Task.Delay(duration, cancellationToken);
        var order = await tally.ScalarAsync<long>(
            connection, "INSERT INTO orders (customer, product, amount) VALUES ($1, 20, 25) RETURNING id", cancellationToken, customers);
        await transaction.CommitAsync(cancellationToken);

        var found = await tally.ScalarAsync<long>(connection, "SELECT count(*) FROM orders WHERE id = $1", cancellationToken, order);
        WrongAnswerException.Unless(found == 1, "what the long transaction wrote is there");
    }
}
