namespace Nebula.Rotation.Stores;

/// <summary>A new state of a rotation's record. Completed, RolledBack, Retained and Undone close it; the other states leave it open.</summary>
public sealed record RotationStateChange
{
    /// <summary>The state.</summary>
    public required RotationState State { get; init; }

    /// <summary>When the record was closed, or null while it is open.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Until when the old login is kept, or null.</summary>
    public DateTimeOffset? RetainUntil { get; init; }

    /// <summary>The reason of a failure, or null.</summary>
    public RotationErrorCode? ErrorCode { get; init; }

    /// <summary>What went wrong, or null.</summary>
    public string? Message { get; init; }

    /// <summary>The rotation that this one had reversed and that is in force again, in the same transaction; or null.</summary>
    public Guid? Reopen { get; init; }

    /// <summary>The state that it returns to.</summary>
    public RotationState? ReopenState { get; init; }

    /// <summary>Machine, process and user that run it now, or null to leave what the record says.</summary>
    public string? Runner { get; init; }
}
