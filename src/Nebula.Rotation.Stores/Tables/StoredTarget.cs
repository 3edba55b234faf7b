namespace Nebula.Rotation.Stores.Tables;

/// <summary>A publish target among the settings of its credential.</summary>
internal sealed record StoredTarget
{
    public required Guid Id { get; init; }

    public required PublishTargetKind Kind { get; init; }

    public string? Path { get; init; }

    /// <summary>A list, since the order of an object's members is nobody's promise.</summary>
    public IReadOnlyList<StoredEntry> Entries { get; init; } = [];

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    public static StoredTarget Of(PublishTarget target) => new()
    {
        Id = target.Id,
        Kind = target.Kind,
        Path = target.Path,
        Entries = [.. target.Entries.Select(entry => new StoredEntry(entry.Key, entry.Value))],
        Arguments = target.Arguments,
        Options = target.Options,
    };

    public PublishTarget ToTarget(string credential, string scope) => new()
    {
        Id = Id,
        Credential = credential,
        Scope = scope,
        Kind = Kind,
        Path = Path,
        Entries = Entries.ToDictionary(entry => entry.Name, entry => entry.Format, StringComparer.Ordinal),
        Arguments = Arguments,
        Options = new Dictionary<string, string>(Options, StringComparer.OrdinalIgnoreCase),
    };
}

/// <summary>An entry of a target.</summary>
internal sealed record StoredEntry(string Name, PublishFormat Format);
