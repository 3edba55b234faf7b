namespace Nebula.Rotation;

/// <summary>Where a rotation's record stands.</summary>
public enum RotationState
{
    /// <summary>At work, or left by a runner that died.</summary>
    Running,

    /// <summary>The new login is live; the old one still has sessions or has not been retired.</summary>
    Draining,

    /// <summary>The new login is live; the old one is kept disabled until its time is over.</summary>
    Retained,

    /// <summary>Done: the new login is live, and the old one is gone or idle until its next turn.</summary>
    Completed,

    /// <summary>Undone: the old login is live, and the new one is gone or idle again.</summary>
    RolledBack,

    /// <summary>The old login is live, and something of the new one could not be removed; resume tries again.</summary>
    RollbackFailed,

    /// <summary>A later undo reversed it.</summary>
    Undone,

    /// <summary>
    /// An ownership conversion that ended early: what has moved has moved, the rest is the login's, everything works; the same command goes on.
    /// </summary>
    Incomplete,
}
