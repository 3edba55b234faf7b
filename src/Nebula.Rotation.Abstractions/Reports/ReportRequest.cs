namespace Nebula.Rotation;

/// <summary>What a report is about.</summary>
public sealed record ReportRequest
{
    /// <summary>The credentials, as the store has them; none is an empty report.</summary>
    public required IReadOnlyList<DatabaseCredential> Credentials { get; init; }

    /// <summary>How far back rotations and failures are shown. What is open is shown however old it is.</summary>
    public HistoryLimit History { get; init; } = new() { Count = 50 };

    /// <summary>The heading, or null for the usual one.</summary>
    public string? Title { get; init; }
}
