namespace Nebula.Rotation;

/// <summary>A run over many credentials: in parallel over servers, with what limits the damage.</summary>
public sealed class FleetRequest
{
    /// <summary>The most rotations at once that a caller may ask for.</summary>
    public const int MaximumThrottleLimit = 256;

    /// <summary>The credentials, in the order in which they are begun.</summary>
    public required IReadOnlyList<FleetMember> Members { get; init; }

    /// <summary>How many run at once.</summary>
    public int ThrottleLimit { get; init; } = 1;

    /// <summary>No more are begun after so many failures; null for no limit.</summary>
    public int? FailureBudget { get; init; }

    /// <summary>The first runs alone, and the others only if its new login is live and nothing is left to do for it but what was asked to be left.</summary>
    public bool Canary { get; init; }

    /// <summary>
    /// A run by a schedule: a credential that another runner is at work on, or that is on hold, is no failure but skipped.
    /// </summary>
    public bool IsScheduled { get; init; }

    /// <summary>Where the summary is posted as JSON when the run has ended; https, or http to this machine. Null for nowhere.</summary>
    public Uri? Webhook { get; init; }
}
