namespace Nebula.Rotation.Engine.Reporting;

/// <summary>All that a report is made of, read at one time.</summary>
internal sealed record ReportData
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>Where the store is.</summary>
    public required string Store { get; init; }

    /// <summary>Now, to which ages are counted.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How far back rotations and failures are shown.</summary>
    public required HistoryLimit History { get; init; }

    /// <summary>The credentials.</summary>
    public required IReadOnlyList<DatabaseCredential> Credentials { get; init; }

    /// <summary>Every rotation of these credentials, newest first.</summary>
    public required IReadOnlyList<RotationRecord> Rotations { get; init; }

    /// <summary>The state of the audit trail.</summary>
    public required AuditTrailResult Audit { get; init; }
}
