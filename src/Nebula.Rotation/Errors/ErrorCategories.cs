using System.Management.Automation;

namespace Nebula.Rotation.Module.Errors;

/// <summary>PowerShell's own word for each of our codes.</summary>
internal static class ErrorCategories
{
    public static ErrorCategory Of(RotationErrorCode code) => code switch
    {
        RotationErrorCode.CreateLoginFailed => ErrorCategory.WriteError,
        RotationErrorCode.ClonePermissionsFailed => ErrorCategory.WriteError,
        RotationErrorCode.VerificationFailed => ErrorCategory.InvalidResult,
        RotationErrorCode.PublishFailed => ErrorCategory.WriteError,
        RotationErrorCode.DrainTimedOut => ErrorCategory.OperationTimeout,
        RotationErrorCode.DropLoginFailed => ErrorCategory.WriteError,
        RotationErrorCode.RollbackFailed => ErrorCategory.WriteError,
        RotationErrorCode.UnsupportedDatabaseType => ErrorCategory.NotImplemented,
        RotationErrorCode.UnsupportedStrategy => ErrorCategory.NotImplemented,
        RotationErrorCode.AdminCredentialRequired => ErrorCategory.AuthenticationError,
        RotationErrorCode.AdminPrivilegeMissing => ErrorCategory.PermissionDenied,
        RotationErrorCode.AdminAuthenticationFailed => ErrorCategory.AuthenticationError,
        RotationErrorCode.AuthenticationFailed => ErrorCategory.AuthenticationError,
        RotationErrorCode.ServerUnreachable => ErrorCategory.ConnectionError,
        RotationErrorCode.UnsupportedServer => ErrorCategory.ProtocolError,
        RotationErrorCode.DatabaseError => ErrorCategory.InvalidOperation,
        RotationErrorCode.PlanBlocked => ErrorCategory.InvalidOperation,
        RotationErrorCode.StoreDatabaseMismatch => ErrorCategory.InvalidData,
        RotationErrorCode.InvalidArgument => ErrorCategory.InvalidArgument,
        RotationErrorCode.CredentialNotFound => ErrorCategory.ObjectNotFound,
        RotationErrorCode.CredentialExists => ErrorCategory.ResourceExists,
        RotationErrorCode.CredentialChanged => ErrorCategory.ResourceBusy,
        RotationErrorCode.CredentialOnHold => ErrorCategory.NotEnabled,
        RotationErrorCode.NotDue => ErrorCategory.InvalidOperation,
        RotationErrorCode.RotationNotFound => ErrorCategory.ObjectNotFound,
        RotationErrorCode.RotationOpen => ErrorCategory.ResourceBusy,
        RotationErrorCode.UndoNotPossible => ErrorCategory.InvalidOperation,
        RotationErrorCode.LeaseHeld => ErrorCategory.ResourceBusy,
        RotationErrorCode.LeaseLost => ErrorCategory.OperationStopped,
        RotationErrorCode.StoreUnavailable => ErrorCategory.ResourceUnavailable,
        RotationErrorCode.StoreOutcomeUnknown => ErrorCategory.ResourceUnavailable,
        RotationErrorCode.StoreCorrupt => ErrorCategory.InvalidData,
        RotationErrorCode.StoreKeyInvalid => ErrorCategory.SecurityError,
        RotationErrorCode.Stopped => ErrorCategory.OperationStopped,
        RotationErrorCode.ConfirmationRequired => ErrorCategory.InvalidOperation,
        RotationErrorCode.RotationsFailed => ErrorCategory.InvalidResult,
        // Never seen by a user: a test walks the enum and refuses a code without a line above.
        _ => ErrorCategory.NotSpecified,
    };
}
