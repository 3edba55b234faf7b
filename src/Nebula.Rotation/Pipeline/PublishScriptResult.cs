namespace Nebula.Rotation.Module.Pipeline;

/// <summary>How a call of the user's script ended, and what it said, without the password it was given.</summary>
internal sealed class PublishScriptResult
{
    public static PublishScriptResult NotRun { get; } = new();

    /// <summary>Null when the consumers have adopted the login.</summary>
    public Exception? Failure { get; init; }

    /// <summary>What somebody else had changed and was left alone, as a sentence; or null.</summary>
    public string? Found { get; init; }

    /// <summary>What it gave beside messages.</summary>
    public IReadOnlyList<object?> Output { get; init; } = [];

    public IReadOnlyList<string> Verbose { get; init; } = [];

    public IReadOnlyList<string> Warnings { get; init; } = [];

    public IReadOnlyList<(string Message, string[] Tags)> Information { get; init; } = [];
}
