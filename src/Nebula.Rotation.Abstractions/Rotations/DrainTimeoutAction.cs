namespace Nebula.Rotation;

/// <summary>What happens when sessions of the old login are left at the end of the drain.</summary>
public enum DrainTimeoutAction
{
    /// <summary>Nobody is cut off; the record stays open and a later run finishes it.</summary>
    Keep,

    /// <summary>The sessions are ended.</summary>
    Terminate,

    /// <summary>The old login is published again, and the new one drained and retired.</summary>
    RollBack,
}
