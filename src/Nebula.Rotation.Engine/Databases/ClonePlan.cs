namespace Nebula.Rotation.Engine.Databases;

/// <summary>How the target login becomes the source's equal.</summary>
internal sealed record ClonePlan
{
    /// <summary>Statements of CreateLogin: make the login, or enable the one that is there, with its attributes.</summary>
    public required IReadOnlyList<PlannedStatement> CreateStatements { get; init; }

    /// <summary>Statements of ClonePermissions: every other additive fact, and the overlap.</summary>
    public required IReadOnlyList<PlannedStatement> CloneStatements { get; init; }

    /// <summary>What cannot be reproduced.</summary>
    public required IReadOnlyList<PlanBlocker> Blockers { get; init; }

    /// <summary>What to know: limits of the overlap, settings that will be pinned.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
