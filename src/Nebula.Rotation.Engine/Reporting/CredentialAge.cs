namespace Nebula.Rotation.Engine.Reporting;

/// <summary>How old a credential's login is against the time it is due.</summary>
internal sealed class CredentialAge
{
    // The last tenth of the time is when somebody may want to know.
    private const double Soon = 0.9;

    public CredentialAge(DatabaseCredential credential, DateTimeOffset now)
    {
        Credential = credential;
        Age = credential.LastRotatedAt == default ? TimeSpan.Zero : Positive(now - credential.LastRotatedAt);
        Due = credential.NextRotationAt;
        Late = Due is { } due ? now - due : TimeSpan.MinValue;
        Allowed = Due is { } until ? Positive(until - credential.LastRotatedAt) : null;
        Used = Allowed is not { } allowed ? 0 : allowed > TimeSpan.Zero ? Age / allowed : 1;
        Status = (Due, credential.HoldReason) switch
        {
            (_, not null) => CredentialStatus.OnHold,
            (null, _) => CredentialStatus.OnDemand,
            _ when Late >= TimeSpan.Zero => CredentialStatus.Overdue,
            _ when Used >= Soon => CredentialStatus.DueSoon,
            _ => CredentialStatus.OnTime,
        };
    }

    public DatabaseCredential Credential { get; }

    /// <summary>How long the login has been live.</summary>
    public TimeSpan Age { get; }

    /// <summary>When it is due, or null for on demand.</summary>
    public DateTimeOffset? Due { get; }

    /// <summary>How long it has been due; negative before.</summary>
    public TimeSpan Late { get; }

    /// <summary>From the last rotation to the next, or null for on demand.</summary>
    public TimeSpan? Allowed { get; }

    /// <summary>The part of it that is over; more than 1 when it is overdue.</summary>
    public double Used { get; }

    public CredentialStatus Status { get; }

    private static TimeSpan Positive(TimeSpan time) => time < TimeSpan.Zero ? TimeSpan.Zero : time;
}
