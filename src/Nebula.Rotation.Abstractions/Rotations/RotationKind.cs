namespace Nebula.Rotation;

/// <summary>Why a rotation ran.</summary>
public enum RotationKind
{
    /// <summary>A new login takes the place of the old one.</summary>
    Rotation,

    /// <summary>The old login of an earlier rotation takes its place back.</summary>
    Undo,

    /// <summary>No rotation: what the live login owns moves to an owner role (Convert-NebulaOwnership).</summary>
    Ownership,

    /// <summary>No rotation: what the owner role owns goes back to the live login.</summary>
    OwnershipUndo,
}
