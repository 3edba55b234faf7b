using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Moves a store to another place: credentials, versions, history, audit trail and scopes. The copy is read back and compared; then the source is marked as
/// moved, and refused from now on. Nothing in it is deleted.
/// </summary>
[Cmdlet(VerbsCommon.Move, "NebulaStore", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Move-NebulaStore.md")]
[OutputType(typeof(StoreMove))]
public sealed class MoveNebulaStoreCommand : StoreCmdlet
{
    /// <summary>The new store: a path, or the address of a shared one. It is made when it is missing; one that was in use is refused.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>Do not ask.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Attempt("store", () =>
    {
        var source = new RotationServiceOptions { Store = StorePath.Resolve(this, Store) };
        var destination = new RotationServiceOptions { Store = StorePath.Resolve(this, Destination), CreateIfMissing = true };
        var agreed = new Confirmation(this, Force).Ask(
            "Performing the operation \"Move\" on target \"the store\".",
            "Move the store? Afterwards the old one is refused: every runner has to be told of the new one, and given its key.",
            "store");
        if (agreed)
            WriteObject(Run((_, cancellationToken) => RotationServices.MoveStoreAsync(source, destination, cancellationToken)));
    });
}
