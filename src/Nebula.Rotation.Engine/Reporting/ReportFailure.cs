namespace Nebula.Rotation.Engine.Reporting;

/// <summary>A rotation that failed.</summary>
/// <param name="Record">The rotation.</param>
/// <param name="MadeGoodBy">A later one that did what this one should have, or null.</param>
/// <param name="Credential">Its credential.</param>
internal sealed record ReportFailure(RotationRecord Record, RotationRecord? MadeGoodBy, DatabaseCredential Credential);
