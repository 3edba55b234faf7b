namespace Nebula.Rotation;

/// <summary>Whether the live login of a credential logs in, at one endpoint.</summary>
public sealed record CredentialTestResult
{
    /// <summary>The credential's name.</summary>
    public required string Name { get; init; }

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>The kind of server.</summary>
    public required DatabaseType DatabaseType { get; init; }

    /// <summary>Host and port that were tried.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The user name that was tried.</summary>
    public required string Username { get; init; }

    /// <summary>True when it logged in and the server says it is this user.</summary>
    public required bool Succeeded { get; init; }

    /// <summary>Time from opening the connection to the server's answer.</summary>
    public required TimeSpan Latency { get; init; }

    /// <summary>The server's version, or null when it could not be asked.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>What was found, and what to do when it is not well.</summary>
    public required string Message { get; init; }

    /// <summary>
    /// How the login's facts differ from those recorded at its last rotation, which is the reference; null when that was not looked at: nothing is
    /// recorded yet, no admin login is stored, or it could not read them (the message says so).
    /// </summary>
    public IReadOnlyList<PermissionDifference>? Drift { get; init; }

    /// <summary>
    /// The publish targets that hold another login than the store names, or cannot be read; null when none could be looked at from here.
    /// </summary>
    public IReadOnlyList<PublishTarget>? StaleTargets { get; init; }

    /// <summary>The command that mends it where the store and the database disagree, or null. The message has it, too.</summary>
    public string? RecommendedAction { get; init; }

    /// <summary>The reason of a failure.</summary>
    public RotationErrorCode? ErrorCode { get; init; }
}
