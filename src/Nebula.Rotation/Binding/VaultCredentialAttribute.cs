using System.Management.Automation;

namespace Nebula.Rotation.Module.Binding;

/// <summary>
/// Takes a login from a vault of SecretManagement by its name: 'vault:Prod/app' from the vault Prod, 'vault:app' from whichever has it, or what
/// Get-SecretInfo gives. Everything else is left to [Credential], which comes after it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class VaultCredentialAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        VaultReference.Find(inputData) is { } reference ? VaultSecret.ReadCredential(reference) : inputData;
}
