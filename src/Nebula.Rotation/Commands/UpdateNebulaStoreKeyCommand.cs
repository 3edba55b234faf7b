using System.Management.Automation;
using System.Security;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Replaces the store's own key: what it wraps is wrapped with a new one. Passwords, credentials and rotations under way stay as they are.</summary>
[Cmdlet(VerbsData.Update, "NebulaStoreKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Update-NebulaStoreKey.md")]
[OutputType(typeof(StoreKeyChange))]
public sealed class UpdateNebulaStoreKeyCommand : StoreCmdlet
{
    /// <summary>
    /// The new key: the base64 text of 32 random bytes. Needed where the key comes from NEBULA_STORE_KEY and NEBULA_STORE_KEY_NEW has none; elsewhere
    /// one is drawn.
    /// </summary>
    [Parameter]
    [VaultSecret]
    public SecureString? NewKey { get; set; }

    /// <summary>A file that must not be there yet: the new key is written to it, sealed for the escrow holder, before it is used.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? EscrowPath { get; set; }

    /// <summary>The escrow holder's certificate, a PEM or DER file.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? EscrowCertificate { get; set; }

    /// <summary>Do not ask.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Attempt("store key", () =>
    {
        var request = new StoreKeyRequest
        {
            NewKey = NewKey.ToSecret(),
            EscrowPath = EscrowPath is null ? null : StorePath.ResolveFile(this, EscrowPath, nameof(EscrowPath)),
            EscrowCertificate = EscrowCertificate is null ? null : StorePath.ResolveFile(this, EscrowCertificate, nameof(EscrowCertificate)),
        };
        var agreed = new Confirmation(this, Force).Ask(
            "Performing the operation \"Replace the key\" on target \"the store\".",
            "Replace the store's key? Backups of the store from before need the former key: keep it, or an escrow of it, as long as them.",
            "store key");
        if (agreed)
            WriteObject(Ask((service, cancellationToken) => service.ReplaceStoreKeyAsync(request, cancellationToken)));
    });
}
