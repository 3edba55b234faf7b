namespace Nebula.Rotation;

/// <summary>Which entries of the audit trail to give; what is null or empty does not matter.</summary>
public sealed record AuditFilter
{
    /// <summary>The credential's name, without regard to case.</summary>
    public string? Name { get; init; }

    /// <summary>The credential's scope.</summary>
    public string? Scope { get; init; }

    /// <summary>The rotation.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>Only these actions.</summary>
    public IReadOnlyList<AuditAction> Actions { get; init; } = [];

    /// <summary>Not before this time.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>Not after this time.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>Only the newest so many, given in their order.</summary>
    public int? Last { get; init; }
}
