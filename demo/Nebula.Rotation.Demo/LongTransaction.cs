namespace Nebula.Rotation.Demo;

/// <summary>A transaction that began before the rotation and ends long after the new login is live. It must be let finish.</summary>
internal static class LongTransaction
{
    /// <param name="sql">The statements.</param>
    /// <param name="pool">Where it takes its connection.</param>
    /// <param name="duration">Between its first statement and its second.</param>
    /// <param name="tally">Counts.</param>
    /// <param name="begun">Called when it has read, and holds its locks.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public static async Task RunAsync(
        ShopSql sql, RotatingPool pool, TimeSpan duration, Tally tally, Action begun, CancellationToken cancellationToken)
    {
        await using var connection = await pool.BorrowAsync(cancellationToken);
        var order = await connection.TransactAsync(
            async () =>
            {
                var customers = await tally.ScalarAsync<long>(connection, sql.CountCustomers, cancellationToken);
                begun();
                await Task.Delay(duration, cancellationToken);
                return await tally.ScalarAsync<long>(connection, sql.PlaceLateOrder, cancellationToken, customers);
            },
            cancellationToken);

        var found = await tally.ScalarAsync<long>(connection, sql.CountOrders, cancellationToken, order);
        WrongAnswerException.Unless(found == 1, "what the long transaction wrote is there");
    }
}
