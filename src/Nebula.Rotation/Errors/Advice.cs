namespace Nebula.Rotation.Module.Errors;

/// <summary>What to do next, for an error that does not say so itself. An error always knows more of its own case than this does.</summary>
internal static class Advice
{
    private const string History = "Get-NebulaRotation shows how far the rotation came and which login is live; Resume-NebulaRotation finishes it.";
    private const string Argument = "Get-Help of the command says what its parameters take.";

    public static string For(RotationErrorCode code) => code switch
    {
        RotationErrorCode.CreateLoginFailed => History,
        RotationErrorCode.ClonePermissionsFailed => History,
        RotationErrorCode.VerificationFailed => History,
        RotationErrorCode.PublishFailed => History,
        RotationErrorCode.DrainTimedOut => History,
        RotationErrorCode.DropLoginFailed => History,
        RotationErrorCode.RollbackFailed => History,
        RotationErrorCode.UnsupportedDatabaseType => Argument,
        RotationErrorCode.UnsupportedStrategy => "Give another one with -Strategy.",
        RotationErrorCode.AdminCredentialRequired => "Give an admin login with -AdminCredential, or keep one with Set-NebulaDbCredential.",
        RotationErrorCode.AdminPrivilegeMissing => "Grant the admin login what is missing, or give another one with -AdminCredential. Get-NebulaRotationPlan shows what is needed.",
        RotationErrorCode.AdminAuthenticationFailed => "Give the admin login as it is now with -AdminCredential, or keep it with Set-NebulaDbCredential.",
        RotationErrorCode.AuthenticationFailed => "Test-NebulaCredential shows each endpoint; Set-NebulaDbCredential -Credential stores a login that was changed by hand.",
        RotationErrorCode.ServerUnreachable => "Test-NebulaCredential shows each endpoint. Run the command again when the server answers.",
        RotationErrorCode.UnsupportedServer => "Use a version of the server that is supported.",
        RotationErrorCode.DatabaseError => History,
        RotationErrorCode.PlanBlocked => "Get-NebulaRotationPlan shows each blocker and what to do about it.",
        RotationErrorCode.StoreDatabaseMismatch => "Test-NebulaCredential names the command that mends it.",
        RotationErrorCode.InvalidArgument => Argument,
        RotationErrorCode.CredentialNotFound => "Get-NebulaDbCredential lists the credentials of the store.",
        RotationErrorCode.CredentialExists => "Change it with Set-NebulaDbCredential, or take another name.",
        RotationErrorCode.CredentialChanged => "Run the command again.",
        RotationErrorCode.CredentialOnHold => "Set-NebulaDbCredential -Hold '' lifts the hold.",
        RotationErrorCode.NotDue => "Nothing is to be done.",
        RotationErrorCode.RotationNotFound => "Get-NebulaRotation lists the rotations of the store.",
        RotationErrorCode.RotationOpen => "Resume-NebulaRotation finishes it, Undo-NebulaRotation takes it back.",
        RotationErrorCode.UndoNotPossible => "Get-NebulaRotation shows what there is to undo.",
        RotationErrorCode.LeaseHeld => "Another runner is at work on it: wait until it has ended. Get-NebulaRotation shows who.",
        RotationErrorCode.LeaseLost => History,
        RotationErrorCode.StoreUnavailable => "See that the store is there and can be reached (-Store, NEBULA_STORE), and run the command again.",
        RotationErrorCode.StoreOutcomeUnknown => History,
        RotationErrorCode.StoreCorrupt => "Put the store back from a backup, and keep this one to look at.",
        RotationErrorCode.StoreKeyInvalid => "Give this machine the store's own key: Import-NebulaStoreKey brings it back from escrow.",
        RotationErrorCode.Stopped => History,
        RotationErrorCode.ConfirmationRequired => "Run it again with -Force, or with -Confirm:$false.",
        RotationErrorCode.RotationsFailed => "Each has an error record of its own that says which login is live.",
        // Never seen by a user: a test walks the enum and refuses a code without a line above.
        _ => "",
    };
}
