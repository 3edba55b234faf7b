namespace Nebula.Rotation;

/// <summary>Whether the audit trail is what was written.</summary>
public sealed record AuditTrailResult
{
    /// <summary>True when no entry was edited, removed, re-ordered, added or cut off, as far as the store and the given head tell.</summary>
    public required bool IsIntact { get; init; }

    /// <summary>How many entries there are.</summary>
    public required long Count { get; init; }

    /// <summary>
    /// Number and code of the last entry. Kept elsewhere and given to a later test, it proves that nothing up to it was changed since, even by somebody
    /// who put back an older copy of the whole store.
    /// </summary>
    public required string Head { get; init; }

    /// <summary>The first entry at which something is wrong, or null.</summary>
    public long? FirstBadSequence { get; init; }

    /// <summary>What was found.</summary>
    public required string Message { get; init; }
}
