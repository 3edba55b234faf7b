namespace Nebula.Rotation;

/// <summary>A step of a change of owner, emitted as it ends; the last one is the result.</summary>
public sealed record OwnershipChange
{
    /// <summary>The record in the store's history; empty when there was nothing to do.</summary>
    public required Guid RotationId { get; init; }

    /// <summary>The credential's name.</summary>
    public required string Credential { get; init; }

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>The kind of server.</summary>
    public required DatabaseType DatabaseType { get; init; }

    /// <summary>What the line is about.</summary>
    public required OwnershipStep Step { get; init; }

    /// <summary>How it ended.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>The object's database, or null.</summary>
    public string? Database { get; init; }

    /// <summary>The kind of object, in the engine's own word, or null.</summary>
    public string? ObjectType { get; init; }

    /// <summary>The object, quoted as the engine's statements name it, or null.</summary>
    public string? ObjectName { get; init; }

    /// <summary>Who owned it before.</summary>
    public required string OldOwner { get; init; }

    /// <summary>Who owns it now.</summary>
    public required string NewOwner { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>What happened, in a sentence.</summary>
    public required string Message { get; init; }
}
