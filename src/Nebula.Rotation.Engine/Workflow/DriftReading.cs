namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What was found about drift.</summary>
/// <param name="Differences">The differences from the record, which is the reference; null when nothing was compared.</param>
/// <param name="RecordedAt">When the record was made.</param>
/// <param name="Problem">Why the facts could not be read, or null.</param>
internal sealed record DriftReading(IReadOnlyList<PermissionDifference>? Differences, DateTimeOffset? RecordedAt, string? Problem)
{
    private const int NamedDifferences = 3;

    public static DriftReading None { get; } = new(null, null, null);

    public CredentialTestResult AddTo(CredentialTestResult result)
    {
        if (Problem is not null)
            return result with { Message = $"{result.Message} Its rights were not compared: {Problem}" };
        if (Differences is not { Count: > 0 } differences)
            return result with { Drift = Differences };
        var named = string.Join("; ", differences.Take(NamedDifferences)) + (differences.Count > NamedDifferences ? $"; and {differences.Count - NamedDifferences} more" : "");
        return result with
        {
            Drift = differences,
            Message = $"{result.Message} Its rights differ from those recorded on {RecordedAt:u}: {named}.",
        };
    }
}
