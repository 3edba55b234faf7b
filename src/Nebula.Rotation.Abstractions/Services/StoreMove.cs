namespace Nebula.Rotation;

/// <summary>What became of a store that was moved.</summary>
public sealed record StoreMove
{
    /// <summary>The store that it was moved from; it is refused from now on, and was left as it was.</summary>
    public required string Store { get; init; }

    /// <summary>The store that it was moved to.</summary>
    public required string Destination { get; init; }

    /// <summary>How many credentials.</summary>
    public required int Credentials { get; init; }

    /// <summary>How many versions of their logins.</summary>
    public required int Versions { get; init; }

    /// <summary>How many rotations of the history.</summary>
    public required int Rotations { get; init; }

    /// <summary>How many entries of the audit trail, without the one that tells of the move.</summary>
    public required int AuditEntries { get; init; }

    /// <summary>The head of the trail in the destination; null when nothing was done.</summary>
    public string? AuditHead { get; init; }

    /// <summary>What was done, as a sentence.</summary>
    public required string Message { get; init; }
}
