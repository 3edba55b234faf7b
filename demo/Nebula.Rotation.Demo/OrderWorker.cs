namespace Nebula.Rotation.Demo;

/// <summary>A request handler of the application, over and over: takes a connection, sells something, looks whether the answers are right.</summary>
internal sealed class OrderWorker(ShopSql sql, RotatingPool pool, int product, Tally tally)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly decimal _price = product * 1.25m;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await SellAsync(CancellationToken.None);
            }
            catch (Exception exception)
            {
                // No retry, and no distinction: connecting, a lost session, a missing right, a wrong answer.
                tally.Fail("selling", exception);
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task SellAsync(CancellationToken cancellationToken)
    {
        await using var connection = await pool.BorrowAsync(cancellationToken);
        var price = await tally.ScalarAsync<decimal>(connection, sql.PriceOf, cancellationToken, product);
        WrongAnswerException.Unless(price == _price, $"product {product} costs {_price}");

        var order = await connection.TransactAsync(
            async () =>
            {
                var placed = await tally.ScalarAsync<long>(connection, sql.PlaceOrder, cancellationToken, product, price);
                var stocked = await tally.ExecuteAsync(connection, sql.TakeFromStock, cancellationToken, product);
                WrongAnswerException.Unless(stocked == 1, "one product is taken from stock");
                return placed;
            },
            cancellationToken);

        var amount = await tally.ScalarAsync<decimal>(connection, sql.AmountOf, cancellationToken, order);
        WrongAnswerException.Unless(amount == price, $"order {order} is over {price}");
        var payments = await tally.ExecuteAsync(connection, sql.Pay, cancellationToken, order);
        WrongAnswerException.Unless(payments == 1, $"order {order} is paid once");
        var paid = await tally.ScalarAsync<bool>(connection, sql.IsPaid, cancellationToken, order);
        WrongAnswerException.Unless(paid, $"order {order} is paid");
        foreach (var (setting, answer) in sql.Settings)
        {
            var found = await tally.ScalarAsync<string>(connection, setting, cancellationToken);
            WrongAnswerException.Unless(found == answer, $"the login brings its settings: {setting} gives {answer}");
        }
    }
}
