namespace Nebula.Rotation;

/// <summary>What a run over many came to. Holds no secret.</summary>
public sealed record RotationSummary
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Each credential, in the order given.</summary>
    public required IReadOnlyList<FleetResult> Results { get; init; }

    /// <summary>How many have a new login, and nothing left to do.</summary>
    public int Rotated => Count(FleetOutcome.Rotated);

    /// <summary>How many have a new login and an old one that is still to be retired.</summary>
    public int Draining => Count(FleetOutcome.Draining);

    /// <summary>How many failed.</summary>
    public int Failed => Count(FleetOutcome.Failed);

    /// <summary>How many were not begun.</summary>
    public int Skipped => Count(FleetOutcome.Skipped);

    /// <summary>How many were stopped on request.</summary>
    public int Stopped => Count(FleetOutcome.Stopped);

    /// <summary>When the next rotation of the store is due, or null when none is planned or it was not asked.</summary>
    public DateTimeOffset? NextRotationAt { get; init; }

    /// <summary>The figures in a line.</summary>
    public override string ToString() =>
        $"{Rotated} rotated, {Draining} draining, {Failed} failed, {Skipped} skipped{(Stopped > 0 ? $", {Stopped} stopped" : "")} in {Duration.TotalSeconds:0.0} s";

    private int Count(FleetOutcome outcome) => Results.Count(result => result.Outcome == outcome);
}
