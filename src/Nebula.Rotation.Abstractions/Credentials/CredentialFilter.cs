namespace Nebula.Rotation;

/// <summary>Selects credentials; every part that is given must match.</summary>
public sealed record CredentialFilter
{
    /// <summary>Names with the wildcards <c>*</c> and <c>?</c>; any of them may match.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>The scope, or null for all.</summary>
    public string? Scope { get; init; }

    /// <summary>The kind of server, or null for all.</summary>
    public DatabaseType? DatabaseType { get; init; }

    /// <summary>Tags; a credential must have all of them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Only those whose rotation is due at this time.</summary>
    public DateTimeOffset? DueAt { get; init; }
}
