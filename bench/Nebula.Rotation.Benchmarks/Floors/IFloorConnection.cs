namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>A connection by the raw driver.</summary>
internal interface IFloorConnection : IAsyncDisposable
{
    /// <summary>Sends the statements in one round trip, and reads everything that the server answers.</summary>
    Task RunAsync(IReadOnlyList<string> statements);
}
