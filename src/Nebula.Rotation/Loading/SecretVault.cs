namespace Nebula.Rotation.Module.Loading;

/// <summary>Whether SecretManagement may call the store as one of its vaults. For the psm1: a type that is missing costs PowerShell an exception.</summary>
public static class SecretVault
{
    /// <summary>True where SecretManagement is loaded.</summary>
    public static bool IsWanted =>
        AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetType("Microsoft.PowerShell.SecretManagement.SecretInformation") is not null);
}
