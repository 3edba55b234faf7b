namespace Nebula.Rotation;

/// <summary>The reason of a failure; in PowerShell the error id is <c>Nebula.</c> and this name.</summary>
public enum RotationErrorCode
{
    /// <summary>The new login could not be made.</summary>
    CreateLoginFailed,

    /// <summary>The new login could not be given a permission of the old one.</summary>
    ClonePermissionsFailed,

    /// <summary>The new login cannot log in, or lacks something.</summary>
    VerificationFailed,

    /// <summary>A consumer could not adopt the new login.</summary>
    PublishFailed,

    /// <summary>Sessions of the old login were left at the end of the drain.</summary>
    DrainTimedOut,

    /// <summary>The old login could not be retired: something that it owns could not be moved, or it could not be dropped.</summary>
    DropLoginFailed,

    /// <summary>The new login could not be removed after a failure.</summary>
    RollbackFailed,

    /// <summary>No engine for this kind of server.</summary>
    UnsupportedDatabaseType,

    /// <summary>The engine or the server does not offer this strategy.</summary>
    UnsupportedStrategy,

    /// <summary>No admin login is stored and none was given.</summary>
    AdminCredentialRequired,

    /// <summary>The admin login lacks a right that the rotation needs.</summary>
    AdminPrivilegeMissing,

    /// <summary>The server refused the admin login.</summary>
    AdminAuthenticationFailed,

    /// <summary>The server refused the application's login.</summary>
    AuthenticationFailed,

    /// <summary>No server answered at the address.</summary>
    ServerUnreachable,

    /// <summary>What answered is not the kind of server the credential names, or a version that is not supported.</summary>
    UnsupportedServer,

    /// <summary>The database refused, or lacks, something that was asked of it.</summary>
    DatabaseError,

    /// <summary>The plan has blockers.</summary>
    PlanBlocked,

    /// <summary>The live login that the store names and the database disagree.</summary>
    StoreDatabaseMismatch,

    /// <summary>A name or value that the engine or the store does not take.</summary>
    InvalidArgument,

    /// <summary>No such credential.</summary>
    CredentialNotFound,

    /// <summary>The name is taken.</summary>
    CredentialExists,

    /// <summary>The credential was changed by somebody else meanwhile.</summary>
    CredentialChanged,

    /// <summary>Rotation of the credential is on hold.</summary>
    CredentialOnHold,

    /// <summary>A run by the schedule came to a credential that is not due any more: another runner rotated it meanwhile.</summary>
    NotDue,

    /// <summary>No such rotation.</summary>
    RotationNotFound,

    /// <summary>A rotation of the credential is open; it must be finished or undone first.</summary>
    RotationOpen,

    /// <summary>The rotation cannot be undone any more.</summary>
    UndoNotPossible,

    /// <summary>Another runner rotates this credential now.</summary>
    LeaseHeld,

    /// <summary>This runner was away longer than its lease, and another may have taken over.</summary>
    LeaseLost,

    /// <summary>The store cannot be opened or written.</summary>
    StoreUnavailable,

    /// <summary>The store's file is damaged or is not a store.</summary>
    StoreCorrupt,

    /// <summary>The answer to a commit was lost, and the store could not be asked whether it happened.</summary>
    StoreOutcomeUnknown,

    /// <summary>The store's key is missing, wrong, or can be read by others.</summary>
    StoreKeyInvalid,

    /// <summary>The work was stopped on request.</summary>
    Stopped,

    /// <summary>The command asks for confirmation and nobody can answer.</summary>
    ConfirmationRequired,

    /// <summary>Of a run over many, some failed; each has an error of its own.</summary>
    RotationsFailed,
}
