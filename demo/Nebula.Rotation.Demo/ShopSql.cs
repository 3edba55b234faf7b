namespace Nebula.Rotation.Demo;

/// <summary>The application's statements in the words of one engine. Values are parameters, in the order given here.</summary>
internal sealed record ShopSql
{
    /// <summary>Product → its price.</summary>
    public required string PriceOf { get; init; }

    /// <summary>Product, price → the order's id.</summary>
    public required string PlaceOrder { get; init; }

    /// <summary>Product; one row.</summary>
    public required string TakeFromStock { get; init; }

    /// <summary>Order → its amount.</summary>
    public required string AmountOf { get; init; }

    /// <summary>Order; one row.</summary>
    public required string Pay { get; init; }

    /// <summary>Order → whether it is paid.</summary>
    public required string IsPaid { get; init; }

    /// <summary>What a session has only because it is the login's: each statement, and its answer.</summary>
    public required IReadOnlyList<(string Sql, string Answer)> Settings { get; init; }

    /// <summary>→ how many customers there are.</summary>
    public required string CountCustomers { get; init; }

    /// <summary>Customer → the order's id.</summary>
    public required string PlaceLateOrder { get; init; }

    /// <summary>Order → 1.</summary>
    public required string CountOrders { get; init; }

    /// <summary>A table's name → the statements that make it, and what the engine ties to its maker.</summary>
    public required Func<string, IReadOnlyList<string>> Make { get; init; }

    /// <summary>A table's name → writes who made it (parameter) and gives the row's id.</summary>
    public required Func<string, string> Write { get; init; }

    /// <summary>A table's name → who wrote the row (parameter).</summary>
    public required Func<string, string> Read { get; init; }

    /// <summary>A table's name → writes the row (parameter) again.</summary>
    public required Func<string, string> Touch { get; init; }

    /// <summary>A table's and a column's name → the statements that add it.</summary>
    public required Func<string, string, IReadOnlyList<string>> Change { get; init; }

    /// <summary>A table's name → the statements that remove it.</summary>
    public required Func<string, IReadOnlyList<string>> Remove { get; init; }
}
