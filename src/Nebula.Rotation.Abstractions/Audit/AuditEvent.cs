namespace Nebula.Rotation;

/// <summary>One entry of the audit trail. Holds no secret, and cannot be changed without the trail telling.</summary>
public sealed record AuditEvent
{
    /// <summary>Its place in the trail; the first is 1, and none is left out.</summary>
    public required long Sequence { get; init; }

    /// <summary>When, by the runner's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who: account, machine and process.</summary>
    public required string Actor { get; init; }

    /// <summary>What was done.</summary>
    public required AuditAction Action { get; init; }

    /// <summary>The credential's permanent id; all zeros where the entry is about the store itself.</summary>
    public required Guid CredentialId { get; init; }

    /// <summary>The credential's name at that time; empty where the entry is about the store itself.</summary>
    public required string Credential { get; init; }

    /// <summary>The credential's scope.</summary>
    public required string Scope { get; init; }

    /// <summary>The rotation that it is a part of, or null.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>What came of it, in a word: a stage's status, a rotation's state.</summary>
    public required string Outcome { get; init; }

    /// <summary>Figures and words by name.</summary>
    public required IReadOnlyDictionary<string, object?> Details { get; init; }

    /// <summary>
    /// The entry's authentication code (HMAC-SHA-256 with a key of the store, over this entry and the code of the one before), in hexadecimal digits.
    /// </summary>
    public required string Code { get; init; }
}
