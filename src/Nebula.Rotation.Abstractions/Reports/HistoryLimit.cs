namespace Nebula.Rotation;

/// <summary>How far back a report looks: the newest so many rotations, or all of a time.</summary>
public sealed record HistoryLimit
{
    /// <summary>The most rotations, or null where <see cref="Duration"/> counts.</summary>
    public int? Count { get; init; }

    /// <summary>How long ago a rotation may have begun, or null where <see cref="Count"/> counts.</summary>
    public TimeSpan? Duration { get; init; }
}
