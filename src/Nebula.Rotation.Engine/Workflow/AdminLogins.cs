using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>Finds the admin login of a run: the one given, the one stored, or the live login of the credential that serves as admin.</summary>
internal static class AdminLogins
{
    public static async Task<Login> FindAsync(
        ICredentialStore store, DatabaseCredential credential, Login? given, CancellationToken cancellationToken)
    {
        if (given is not null)
            return given;
        if (await store.GetAdminLoginAsync(credential.Id, cancellationToken) is { } stored)
            return stored;
        if (credential.AdminCredentialName is not { } name)
        {
            throw new RotationException(
                RotationErrorCode.AdminCredentialRequired,
                $"No admin login is stored with '{credential.Name}', and none was given.",
                $"Give one with -AdminCredential, or store one: Set-NebulaDbCredential -Name '{credential.Name}' -AdminCredential (Get-Credential).");
        }

        var admin = await store.FindAsync(name, credential.Scope, cancellationToken)
            ?? throw new RotationException(
                RotationErrorCode.CredentialNotFound,
                $"'{credential.Name}' takes its admin login from the credential '{name}', which scope '{credential.Scope}' does not have.");
        return (await store.GetCurrentLoginAsync(admin.Id, cancellationToken)).Login;
    }
}
