namespace Nebula.Rotation;

/// <summary>The stages of a rotation, in their order.</summary>
public enum RotationStage
{
    /// <summary>Lease, lock, snapshot, plan, preflight, journal. Nothing is changed.</summary>
    Prepare,

    /// <summary>The new login exists, with its attributes.</summary>
    CreateLogin,

    /// <summary>Every other additive fact, and what the overlap needs.</summary>
    ClonePermissions,

    /// <summary>The new login logs in everywhere and lacks no fact.</summary>
    Verify,

    /// <summary>Consumers adopt the new version; then the store's current version flips: the one commit point.</summary>
    Publish,

    /// <summary>Both logins stay valid until the old one has no session left.</summary>
    Drain,

    /// <summary>The old login is blocked, what only it had moves, and it is dropped or kept disabled.</summary>
    Retire,

    /// <summary>The final diff; the record is closed.</summary>
    Complete,

    /// <summary>No stage of a rotation: objects move between the live login and its owner role, one at a time.</summary>
    MoveOwnership,
}
