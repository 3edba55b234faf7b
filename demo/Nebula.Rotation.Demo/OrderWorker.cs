namespace Nebula.Rotation.Demo;

/// <summary>A request handler of the application, over and over: takes a connection, sells something, looks whether the answers are right.</summary>
internal sealed class OrderWorker(RotatingPool pool, int product, Tally tally)
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
        // Table names without a schema: the search path has to find them, under every login.
        await using var connection = await pool.BorrowAsync(cancellationToken);
        var price = await tally.ScalarAsync<decimal>(connection, "SELECT price_of($1)", cancellationToken, product);
        WrongAnswerException.Unless(price == _price, $"product {product} costs {_price}");

        long order;
        await using (var transaction = await connection.Connection.BeginTransactionAsync(cancellationToken))
        {
            order = await tally.ScalarAsync<long>(
                connection,
                "INSERT INTO orders (customer, product, amount) VALUES (1 + nextval('tickets') % 3, $1, $2) RETURNING id",
                cancellationToken,
                product,
                price);
            var stocked = await tally.ExecuteAsync(connection, "UPDATE products SET stock = stock - 1 WHERE id = $1", cancellationToken, product);
            WrongAnswerException.Unless(stocked == 1, "one product is taken from stock");
            await transaction.CommitAsync(cancellationToken);
        }

        var amount = await tally.ScalarAsync<decimal>(connection, "SELECT amount FROM orders WHERE id = $1", cancellationToken, order);
        WrongAnswerException.Unless(amount == price, $"order {order} is over {price}");
        await tally.ScalarAsync<long>(connection, "UPDATE orders SET state = 'paid' WHERE id = $1 RETURNING id", cancellationToken, order);
        var paid = await tally.ScalarAsync<bool>(connection, "SELECT is_paid($1)", cancellationToken, order);
        WrongAnswerException.Unless(paid, $"order {order} is paid");
        var timeout = await tally.ScalarAsync<string>(connection, "SHOW statement_timeout", cancellationToken);
        WrongAnswerException.Unless(timeout == "20s", "the login brings its settings");
    }
}
