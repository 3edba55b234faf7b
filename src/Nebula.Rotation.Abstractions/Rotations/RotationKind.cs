namespace Nebula.Rotation;

/// <summary>Why a rotation ran.</summary>
public enum RotationKind
{
    /// <summary>A new login takes the place of the old one.</summary>
    Rotation,

    /// <summary>The old login of an earlier rotation takes its place back.</summary>
    Undo,
}
