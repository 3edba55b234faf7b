namespace Nebula.Rotation;

/// <summary>One stage of a rotation, emitted as it ends.</summary>
public sealed record StageResult
{
    /// <summary>The rotation.</summary>
    public required Guid RotationId { get; init; }

    /// <summary>The credential's name.</summary>
    public required string Credential { get; init; }

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>The kind of server.</summary>
    public required DatabaseType DatabaseType { get; init; }

    /// <summary>The stage.</summary>
    public required RotationStage Stage { get; init; }

    /// <summary>How it ended.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>The login that was live when the rotation began.</summary>
    public required string OldUsername { get; init; }

    /// <summary>The login that takes its place; empty while none is chosen.</summary>
    public required string NewUsername { get; init; }

    /// <summary>What happened, in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Figures of the stage by name: numbers of facts, statements, sessions, moved objects.</summary>
    public IReadOnlyDictionary<string, object?> Details { get; init; } = new Dictionary<string, object?>();
}
