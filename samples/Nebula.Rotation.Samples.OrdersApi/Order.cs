namespace Nebula.Rotation.Samples.OrdersApi;

/// <summary>What somebody orders.</summary>
internal sealed record Order(string Product, int Amount);
