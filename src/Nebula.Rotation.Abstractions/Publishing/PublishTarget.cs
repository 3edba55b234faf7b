namespace Nebula.Rotation;

/// <summary>
/// A place that carries the live login: written in the Publish stage, put back when the rotation is. It holds no secret, so that it can be printed,
/// piped and serialised.
/// </summary>
public sealed record PublishTarget
{
    /// <summary>The permanent id.</summary>
    public Guid Id { get; init; }

    /// <summary>The credential's name.</summary>
    public string Credential { get; init; } = "";

    /// <summary>The credential's scope.</summary>
    public string Scope { get; init; } = DatabaseCredential.DefaultScope;

    /// <summary>What it is.</summary>
    public required PublishTargetKind Kind { get; init; }

    /// <summary>The file, script or program, as an absolute path; null for a vault.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// What is written where: the entry's name (a variable, a key path, a secret's name; its case counts) and what it holds. Empty means the kind's default.
    /// </summary>
    public IReadOnlyDictionary<string, PublishFormat> Entries { get; init; } = new Dictionary<string, PublishFormat>();

    /// <summary>The arguments of a command.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>More settings of the kind, by name without regard to case; never a secret.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The kind and the place, for messages.</summary>
    public override string ToString() => $"{Kind} {Path ?? string.Join(", ", Entries.Keys)}".TrimEnd();
}
