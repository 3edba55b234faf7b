using System.Data.Common;
using Nebula.Rotation.Pooling;
using Nebula.Rotation.Pooling.Sources;
using Nebula.Rotation.Samples.OrdersApi;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);

// --Store and --Credential say whose login it is; without a store named, NEBULA_STORE or the user's own.
await using var database = await RotatingDataSource.StartAsync(
    await StoreLoginSource.OpenAsync(builder.Configuration["Store"], builder.Configuration["Credential"] ?? "orders"),
    Provider.Open,
    new RotatingPoolOptions { WarmConnections = Provider.PoolSize, PollInterval = TimeSpan.FromMilliseconds(500) });
builder.Services.AddSingleton<DbDataSource>(database);

var app = builder.Build();

app.MapPost("/orders", async (Order order, DbDataSource source, CancellationToken cancellationToken) =>
{
    await using var connection = await source.OpenConnectionAsync(cancellationToken);
    await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
    await using var insert = connection.CreateCommand("INSERT INTO orders (product, amount) VALUES (@product, @amount)", transaction);
    insert.Add("product", order.Product);
    insert.Add("amount", order.Amount);
    await insert.ExecuteNonQueryAsync(cancellationToken);
    await transaction.CommitAsync(cancellationToken);
    return Results.Created();
});

app.MapGet("/orders/{product}", async (string product, DbDataSource source, CancellationToken cancellationToken) =>
{
    await using var connection = await source.OpenConnectionAsync(cancellationToken);
    await using var query = connection.CreateCommand("SELECT amount FROM orders WHERE product = @product ORDER BY id DESC LIMIT 20");
    query.Add("product", product);
    await using var reader = await query.ExecuteReaderAsync(cancellationToken);
    var amounts = new List<int>();
    while (await reader.ReadAsync(cancellationToken))
        amounts.Add(reader.GetInt32(0));
    return amounts;
});

// Which login is in use; for whoever watches a rotation.
app.MapGet("/login", () => database.Username);

await app.RunAsync();
