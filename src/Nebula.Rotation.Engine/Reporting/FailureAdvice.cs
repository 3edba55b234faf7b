namespace Nebula.Rotation.Engine.Reporting;

/// <summary>What to do about a rotation that did not end well: which login is live, what to mend, what to run.</summary>
internal static class FailureAdvice
{
    /// <summary>Which login works now.</summary>
    public static string Truth(RotationRecord record) => record.State switch
    {
        RotationState.RolledBack or RotationState.RollbackFailed => $"'{record.OldUsername}' is live, as before.",
        RotationState.Running => $"'{record.OldUsername}' or '{record.NewUsername}' is live; the store names it.",
        RotationState.Incomplete => "Every login works; part of the objects has moved.",
        _ => $"'{record.NewUsername}' is live.",
    };

    /// <summary>What to mend first; empty where nothing is known to be wrong.</summary>
    public static string Mend(RotationErrorCode? code) => code switch
    {
        RotationErrorCode.AdminCredentialRequired => "Store an admin login, or give one with -AdminCredential.",
        RotationErrorCode.AdminPrivilegeMissing => "Grant the admin login the right that the message names.",
        RotationErrorCode.AdminAuthenticationFailed => "Store the admin login's present password with Set-NebulaDbCredential.",
        RotationErrorCode.AuthenticationFailed => "Test-NebulaCredential says whether the stored login works.",
        RotationErrorCode.StoreDatabaseMismatch => "Store and database name different logins; the message says which command mends it.",
        RotationErrorCode.ServerUnreachable => "See that the server answers at its address.",
        RotationErrorCode.PublishFailed => "See that the publish target can be written.",
        RotationErrorCode.PlanBlocked => "Get-NebulaRotationPlan names each blocker and what to do about it.",
        RotationErrorCode.VerificationFailed or RotationErrorCode.ClonePermissionsFailed => "Compare-NebulaPermission shows what one login has and the other lacks.",
        RotationErrorCode.DrainTimedOut => "See that the consumers take the new login, or end them.",
        RotationErrorCode.CredentialOnHold => "Lift the hold with Set-NebulaDbCredential when its reason is over.",
        RotationErrorCode.StoreUnavailable or RotationErrorCode.StoreOutcomeUnknown => "See that the store can be reached and written.",
        RotationErrorCode.StoreKeyInvalid => "See that the runner has the store's key.",
        RotationErrorCode.Stopped or RotationErrorCode.LeaseLost or null => "",
        _ => "Mend what the message names.",
    };

    /// <summary>What to run then.</summary>
    public static string Command(RotationRecord record, DatabaseCredential credential) => record switch
    {
        { State: RotationState.Running or RotationState.Draining or RotationState.RollbackFailed or RotationState.Retained } => ReportText.Command("Resume-NebulaRotation", credential),
        { Kind: RotationKind.Ownership } => ReportText.Command("Convert-NebulaOwnership", credential),
        { Kind: RotationKind.OwnershipUndo } => ReportText.Command("Convert-NebulaOwnership", credential) + " -Undo",
        { Kind: RotationKind.Undo } => ReportText.Command("Undo-NebulaRotation", credential),
        _ => ReportText.Command("Invoke-NebulaRotation", credential),
    };
}
