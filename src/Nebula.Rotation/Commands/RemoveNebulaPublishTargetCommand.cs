using System.Management.Automation;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Removes a publish target from its credential. What it holds stays as it is, and no rotation writes it any more.</summary>
[Cmdlet(VerbsCommon.Remove, "NebulaPublishTarget", DefaultParameterSetName = ByTarget, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Remove-NebulaPublishTarget.md")]
[OutputType(typeof(PublishTarget))]
public sealed class RemoveNebulaPublishTargetCommand : StoreCmdlet
{
    private const string ByTarget = "Target";
    private const string ById = "Id";

    /// <summary>A target as Get-NebulaPublishTarget gives it.</summary>
    [Parameter(ParameterSetName = ByTarget, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PublishTarget[] InputObject { get; set; } = [];

    /// <summary>The credential's name.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("CredentialName")]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The credential's scope.</summary>
    [Parameter(ParameterSetName = ById, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public string Scope { get; set; } = DatabaseCredential.DefaultScope;

    /// <summary>The target's id, as Get-NebulaPublishTarget shows it.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PublishTargetIdCompleter))]
    public Guid[] Id { get; set; } = [];

    /// <summary>Do not ask.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give the target that was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ById)
        {
            foreach (var id in Id)
                Attempt(Name, () => Remove(new CredentialTarget(Name, Scope), id));
            return;
        }

        foreach (var target in InputObject)
            Attempt(target.Credential, () => Remove(new CredentialTarget(target.Credential, target.Scope), target.Id));
    }

    private void Remove(CredentialTarget owner, Guid id)
    {
        var credential = Find(owner);
        var target = Get(credential, id);
        var agreed = new Confirmation(this, Force).Ask(
            $"Performing the operation \"Remove publish target\" on target \"{credential.Name}: {target}\".",
            $"Remove the publish target '{target}' from '{credential.Name}'? What it holds stays; no rotation writes it any more.",
            credential.Name);
        if (!agreed)
            return;
        var change = new CredentialChange
        {
            // Somebody may have removed it since.
            Apply = before => before with { PublishTargets = [.. before.PublishTargets.Where(other => other.Id != Get(before, id).Id)] },
        };
        Ask((service, cancellationToken) => service.ChangeAsync(credential.Name, credential.Scope, change, cancellationToken));
        if (PassThru)
            WriteObject(target);
    }

    private static PublishTarget Get(DatabaseCredential credential, Guid id) =>
        credential.PublishTargets.FirstOrDefault(target => target.Id == id) ?? throw new RotationException(
            RotationErrorCode.InvalidArgument,
            $"'{credential.Name}' has no publish target {id}.",
            $"Get-NebulaPublishTarget -Name '{credential.Name}' lists those that it has.");
}
