namespace Nebula.Rotation;

/// <summary>A rotation as the store's history has it.</summary>
public sealed record RotationRecord
{
    /// <summary>The rotation.</summary>
    public required Guid RotationId { get; init; }

    /// <summary>The credential's permanent id.</summary>
    public required Guid CredentialId { get; init; }

    /// <summary>The credential's name.</summary>
    public required string Credential { get; init; }

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>The kind of server.</summary>
    public required DatabaseType DatabaseType { get; init; }

    /// <summary>Why it ran.</summary>
    public required RotationKind Kind { get; init; }

    /// <summary>Where it stands.</summary>
    public required RotationState State { get; init; }

    /// <summary>The login that was live when it began.</summary>
    public required string OldUsername { get; init; }

    /// <summary>The login that takes its place.</summary>
    public required string NewUsername { get; init; }

    /// <summary>The version that was live when it began.</summary>
    public required int FromVersion { get; init; }

    /// <summary>The version that takes its place.</summary>
    public required int ToVersion { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When the record was closed, or null while it is open.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>How long it took, or null while the record is open.</summary>
    public TimeSpan? Duration => FinishedAt - StartedAt;

    /// <summary>Whether it is to be finished, by its runner or by another.</summary>
    public bool IsOpen => State is RotationState.Running or RotationState.Draining or RotationState.RollbackFailed;

    /// <summary>Until when the old login is kept disabled, or null.</summary>
    public DateTimeOffset? RetainUntil { get; init; }

    /// <summary>Machine, process and user that ran it last.</summary>
    public required string Runner { get; init; }

    /// <summary>The reason of a failure.</summary>
    public RotationErrorCode? ErrorCode { get; init; }

    /// <summary>What went wrong, or null.</summary>
    public string? Message { get; init; }

    /// <summary>The rotation that this one reverses, or null.</summary>
    public Guid? Reverses { get; init; }

    /// <summary>Its stages, in the order in which they ended.</summary>
    public IReadOnlyList<StageResult> Stages { get; init; } = [];
}
