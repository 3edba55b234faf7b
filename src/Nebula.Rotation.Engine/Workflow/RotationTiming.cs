namespace Nebula.Rotation.Engine.Workflow;

/// <summary>How long the workflow waits for things. One place, so that tests can shorten it.</summary>
internal sealed record RotationTiming
{
    /// <summary>Between two looks at the old login's sessions. Shorter than a client that connects, asks and leaves usually takes.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a lease lasts without renewal; renewed at a third of it.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long undoing may take after a failure or a stop.</summary>
    public TimeSpan CompensationTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a change that meets locks is tried again, each.</summary>
    public TimeSpan RetryBudget { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The first pause between two tries; doubles up to <see cref="RetryMaximumPause"/>, so that the application gets its turns.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan RetryMaximumPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the new login may need to reach every endpoint.</summary>
    public TimeSpan VerifyBudget { get; init; } = TimeSpan.FromSeconds(30);
}
