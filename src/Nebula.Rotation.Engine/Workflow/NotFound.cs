namespace Nebula.Rotation.Engine.Workflow;

/// <summary>The errors for names that lead nowhere.</summary>
internal static class NotFound
{
    public static RotationException Credential(string name, string scope, string store) => new(
        RotationErrorCode.CredentialNotFound,
        $"The store {store} has no credential '{name}' in scope '{scope}'.",
        "Get-NebulaDbCredential lists what it has; New-NebulaDbCredential adds one.");

    public static RotationException Rotation(DatabaseCredential credential, Guid? rotationId) => new(
        RotationErrorCode.RotationNotFound,
        rotationId is { } id ? $"'{credential.Name}' has no rotation {id}." : $"'{credential.Name}' has not been rotated.",
        $"'{credential.Username}' is live. Get-NebulaRotation -Name '{credential.Name}' lists its rotations.");
}
