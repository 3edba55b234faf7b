using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Seals the store's own key for an escrow holder: CMS for the RSA key of a certificate, which only its private key opens.</summary>
[Cmdlet(VerbsData.Export, "NebulaStoreKey", SupportsShouldProcess = true, HelpUri = HelpPage.Folder + "Export-NebulaStoreKey.md")]
[OutputType(typeof(StoreKeyChange))]
public sealed class ExportNebulaStoreKeyCommand : StoreCmdlet
{
    /// <summary>The file to write; it must not be there yet.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The escrow holder's certificate, a PEM or DER file.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Certificate { get; set; } = "";

    /// <inheritdoc/>
    protected override void ProcessRecord() => Attempt("store key", () =>
    {
        var request = new StoreKeyRequest
        {
            EscrowPath = StorePath.ResolveFile(this, Path, nameof(Path)),
            EscrowCertificate = StorePath.ResolveFile(this, Certificate, nameof(Certificate)),
        };
        if (ShouldProcess(request.EscrowPath, "Write the store's key, sealed for the certificate's holder"))
            WriteObject(Ask((service, cancellationToken) => service.ExportStoreKeyAsync(request, cancellationToken)));
    });
}
