namespace Nebula.Rotation.Pooling;

/// <summary>What became of a pool that another one took the place of.</summary>
/// <param name="Username">Its login.</param>
/// <param name="Duration">From the swap to its end.</param>
/// <param name="OpenAtSwap">How many of its connections (or clients) were in use when it was replaced.</param>
/// <param name="LeftOpen">How many were still in use when its time was over; they were left to whoever has them, and the pool was disposed under them.</param>
/// <param name="Problem">What its disposal threw, or null.</param>
public sealed record PoolDrain(string Username, TimeSpan Duration, int OpenAtSwap, int LeftOpen, string? Problem);
