namespace Nebula.Rotation;

/// <summary>A report as one page that needs nothing else. Holds no secret.</summary>
public sealed record RotationReport
{
    /// <summary>The page: HTML without a script, and with its style in it.</summary>
    public required string Html { get; init; }

    /// <summary>The time that ages in it are counted to.</summary>
    public required DateTimeOffset GeneratedAt { get; init; }

    /// <summary>How many credentials are in it.</summary>
    public required int Credentials { get; init; }

    /// <summary>How many of them are overdue.</summary>
    public required int Overdue { get; init; }

    /// <summary>How many failures no later rotation has made good.</summary>
    public required int Failures { get; init; }

    /// <summary>How many rotations are not finished.</summary>
    public required int Open { get; init; }
}
