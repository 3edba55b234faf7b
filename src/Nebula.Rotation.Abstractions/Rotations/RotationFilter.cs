namespace Nebula.Rotation;

/// <summary>Selects rotations; every part that is given must match. The newest come first.</summary>
public sealed record RotationFilter
{
    /// <summary>The credential's name, or null for all.</summary>
    public string? Name { get; init; }

    /// <summary>The scope, or null for all.</summary>
    public string? Scope { get; init; }

    /// <summary>The rotation, or null for all.</summary>
    public Guid? RotationId { get; init; }

    /// <summary>The states; empty means all.</summary>
    public IReadOnlyList<RotationState> States { get; init; } = [];

    /// <summary>The most records to return, or null for all.</summary>
    public int? Last { get; init; }
}
