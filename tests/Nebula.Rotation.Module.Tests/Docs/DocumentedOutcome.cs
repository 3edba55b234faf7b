namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>How a command of a page ended.</summary>
internal sealed record DocumentedOutcome
{
    /// <summary>Why it was not run, or null.</summary>
    public string? NotRun { get; init; }

    /// <summary>What went wrong, or null.</summary>
    public string? Problem { get; init; }
}
