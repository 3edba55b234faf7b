namespace Nebula.Rotation;

/// <summary>What an entry of the audit trail is about.</summary>
public enum AuditAction
{
    /// <summary>A credential was stored.</summary>
    CredentialAdded,

    /// <summary>A credential's settings, admin login or live login were changed by hand.</summary>
    CredentialChanged,

    /// <summary>A credential was removed from the store.</summary>
    CredentialRemoved,

    /// <summary>A rotation, or an undo, was begun.</summary>
    RotationBegun,

    /// <summary>A stage of it ended.</summary>
    StageEnded,

    /// <summary>The store named another login: the commit point.</summary>
    VersionPublished,

    /// <summary>A rotation came to another state.</summary>
    RotationStateChanged,

    /// <summary>An old password was erased.</summary>
    SecretErased,

    /// <summary>A login that a rotation had left was dropped.</summary>
    OrphanRemoved,

    /// <summary>The store's own key was replaced; the entry is about no credential.</summary>
    StoreKeyReplaced,

    /// <summary>The store's own key was sealed for an escrow holder; the entry is about no credential.</summary>
    StoreKeyExported,

    /// <summary>The store's own key was brought back from escrow; the entry is about no credential.</summary>
    StoreKeyImported,

    /// <summary>The store was moved to another, or from one; the entry is about no credential.</summary>
    StoreMoved,
}
