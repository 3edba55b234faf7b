using Nebula.Rotation.Pooling;

namespace Nebula.Rotation.Hosting;

/// <summary>What became of one credential's turn.</summary>
public sealed class RotationOutcome
{
    /// <summary>The credential's name.</summary>
    public required string Credential { get; init; }

    /// <summary>The rotation's record, or null where it failed.</summary>
    public RotationRecord? Record { get; init; }

    /// <summary>Why it failed, and what to do; or null.</summary>
    public RotationException? Error { get; init; }

    /// <summary>What the pools of this process did; each tells how the pool before drains.</summary>
    public IReadOnlyList<PoolAdoption> Adoptions { get; init; } = [];

    /// <summary>True where it did not fail. A record may still be draining: a later turn finishes it.</summary>
    public bool Succeeded => Error is null;
}
