using System.Management.Automation;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Makes the old login of a rotation live again, and retires the new one.</summary>
[Cmdlet(VerbsCommon.Undo, "NebulaRotation", DefaultParameterSetName = ById, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Undo-NebulaRotation.md")]
[OutputType(typeof(StageResult))]
public sealed class UndoNebulaRotationCommand : RecordedRotationCmdlet
{
    /// <summary>Do not ask. A lease, a blocker or a hold stays what it is.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override string Activity => "Undo rotation";

    /// <inheritdoc/>
    private protected override bool DoesNotAsk => Force;

    /// <inheritdoc/>
    private protected override string Question(DatabaseCredential credential, CredentialTarget target) =>
        $"Undo the rotation of {Place(credential)}? The login before it becomes live again; the present one is retired once nobody uses it.";

    /// <inheritdoc/>
    private protected override void RunAll(IReadOnlyList<CredentialTarget> targets) =>
        RunEach(targets, (service, request, observer, stop) => service.UndoAsync(request, observer, stop));
}
