namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>A login as it goes into a file. Not a record: a record's ToString would print the values.</summary>
internal sealed class FileLogin
{
    public required PublishTarget Target { get; init; }

    public required DatabaseCredential Credential { get; init; }

    public required Login Login { get; init; }

    /// <summary>The user whose place it takes, where a format keeps both; or null.</summary>
    public string? PreviousUsername { get; init; }

    public IReadOnlyList<TargetEntry> Entries { get; init; } = [];

    /// <summary>What the server keeps of the password, where the format asks for that; or null.</summary>
    public string? Verifier { get; init; }
}
