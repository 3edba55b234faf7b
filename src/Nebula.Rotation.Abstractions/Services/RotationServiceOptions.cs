namespace Nebula.Rotation;

/// <summary>Where the engine finds its store.</summary>
public sealed record RotationServiceOptions
{
    /// <summary>A file path, or null for <c>NEBULA_STORE</c>, else the user's local data folder.</summary>
    public string? Store { get; init; }

    /// <summary>True to make the store when there is none; otherwise a missing one is an error.</summary>
    public bool CreateIfMissing { get; init; }
}
