namespace Nebula.Rotation.Engine.Databases;

/// <summary>A credential that is its own admin: the workflow goes on as the new login once that is live, so that no login has to drop itself.</summary>
internal static class OwnAdmin
{
    public static bool Is(DatabaseCredential credential) => string.Equals(credential.AdminCredentialName, credential.Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>What to do where the admin given is the login itself, and nobody said so.</summary>
    public static string Advice(DatabaseCredential credential) =>
        $"Use another admin login; or let the credential be its own admin: Set-NebulaDbCredential -Name '{credential.Name}' -AdminCredentialName '{credential.Name}'.";
}
