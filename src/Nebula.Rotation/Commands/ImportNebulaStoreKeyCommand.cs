using System.Management.Automation;
using System.Security;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Brings a store's own key back from escrow, or gives it to another keeper (NEBULA_STORE_KEY_PROVIDER): it is written only when it is this store's.
/// </summary>
[Cmdlet(VerbsData.Import, "NebulaStoreKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Import-NebulaStoreKey.md")]
[OutputType(typeof(StoreKeyChange))]
public sealed class ImportNebulaStoreKeyCommand : StoreCmdlet
{
    /// <summary>The escrow file; without -Certificate a file with the key itself, which only its owner can read.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The escrow holder's certificate with its private key: a PEM file with both, or PKCS #12.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Certificate { get; set; }

    /// <summary>The password of the private key.</summary>
    [Parameter]
    [VaultSecret]
    public SecureString? CertificatePassword { get; set; }

    /// <summary>Do not ask.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Attempt("store key", () =>
    {
        var options = new RotationServiceOptions { Store = StorePath.Resolve(this, Store) };
        var request = new StoreKeyImport
        {
            Path = StorePath.ResolveFile(this, Path, nameof(Path)),
            Certificate = Certificate is null ? null : StorePath.ResolveFile(this, Certificate, nameof(Certificate)),
            CertificatePassword = CertificatePassword.ToSecret(),
        };
        var agreed = new Confirmation(this, Force).Ask(
            $"Performing the operation \"Bring the store's key back\" on target \"{request.Path}\".",
            "Write the store's key where this machine keeps it? A key that is there and does not fit the store is written over.",
            "store key");
        if (agreed)
            WriteObject(Run((_, cancellationToken) => RotationServices.ImportStoreKeyAsync(options, request, cancellationToken)));
    });
}
