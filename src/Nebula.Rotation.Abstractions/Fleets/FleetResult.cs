namespace Nebula.Rotation;

/// <summary>How a run over many ended for one credential; what an <c>-OnFailure</c> script is given. Holds no secret.</summary>
public sealed record FleetResult
{
    /// <summary>The credential's name.</summary>
    public required string Credential { get; init; }

    /// <summary>The credential's scope.</summary>
    public required string Scope { get; init; }

    /// <summary>How it ended.</summary>
    public required FleetOutcome Outcome { get; init; }

    /// <summary>The rotation, or null where none was begun.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>The reason of a failure; or why it was left to another runner, or alone.</summary>
    public RotationErrorCode? ErrorCode { get; init; }

    /// <summary>What happened, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What to do next, or null.</summary>
    public string? RecommendedAction { get; init; }
}
