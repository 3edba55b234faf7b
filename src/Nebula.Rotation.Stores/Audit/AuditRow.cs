namespace Nebula.Rotation.Stores.Audit;

/// <summary>An entry of the audit trail as it is stored and authenticated: every value as its text.</summary>
internal sealed record AuditRow(
    long Sequence,
    string At,
    string Actor,
    string Action,
    string CredentialId,
    string Credential,
    string Scope,
    string? RotationId,
    string Outcome,
    string Details);
