namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>What one client says to its server, in the engine's protocol.</summary>
internal interface IConversation
{
    /// <summary>Takes the next bytes, as they came.</summary>
    void Read(ReadOnlySpan<byte> bytes);
}
