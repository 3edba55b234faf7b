namespace Nebula.Rotation.Stores;

/// <summary>A rotation as Resume needs it.</summary>
public sealed class RotationJournal
{
    /// <summary>The record.</summary>
    public required RotationRecord Record { get; init; }

    /// <summary>The document, decrypted.</summary>
    public required ReadOnlyMemory<byte> Document { get; init; }

    /// <summary>The journal, oldest first.</summary>
    public required IReadOnlyList<JournalEntry> Entries { get; init; }
}
