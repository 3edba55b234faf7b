namespace Nebula.Rotation;

/// <summary>What a rotation, a resume or an undo is asked to do.</summary>
public sealed class RotationRequest
{
    /// <summary>The quiet time the drain asks for when none is given.</summary>
    public static readonly TimeSpan DefaultGracePeriod = TimeSpan.FromSeconds(60);

    /// <summary>How long a drain may take when nothing else is said.</summary>
    public static readonly TimeSpan DefaultDrainTimeout = TimeSpan.FromMinutes(15);

    /// <summary>The credential's name.</summary>
    public required string Name { get; init; }

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>The rotation to resume or undo, or null for the newest that can be.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>The admin login of this run; null takes the stored one.</summary>
    public Login? Admin { get; init; }

    /// <summary>The strategy of this run; null takes the credential's.</summary>
    public RotationStrategy? Strategy { get; init; }

    /// <summary>How long no session of the old login may have been seen before the drain is done; null takes the recorded or default one.</summary>
    public TimeSpan? GracePeriod { get; init; }

    /// <summary>How long the drain may take in all; null takes the recorded or default one.</summary>
    public TimeSpan? DrainTimeout { get; init; }

    /// <summary>What happens then; null takes the recorded one, or Keep.</summary>
    public DrainTimeoutAction? OnDrainTimeout { get; init; }

    /// <summary>How long the old login is kept disabled after it has drained; null takes the recorded one, zero retires it at once.</summary>
    public TimeSpan? RetainFor { get; init; }

    /// <summary>Return when the new login is live; a later resume drains and retires.</summary>
    public bool NoWait { get; init; }

    /// <summary>After a leak: no grace, sessions are ended, the old login is dropped.</summary>
    public bool Emergency { get; init; }

    /// <summary>A statement that the new login must be able to run before it is published, or null.</summary>
    public string? VerifyQuery { get; init; }
}
