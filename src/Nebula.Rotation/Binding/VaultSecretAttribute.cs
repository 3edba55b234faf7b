using System.Management.Automation;

namespace Nebula.Rotation.Module.Binding;

/// <summary>Takes a text from a vault of SecretManagement by its name, as <see cref="VaultCredentialAttribute"/> takes a login.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class VaultSecretAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        VaultReference.Find(inputData) is { } reference ? VaultSecret.ReadText(reference) : inputData;
}
