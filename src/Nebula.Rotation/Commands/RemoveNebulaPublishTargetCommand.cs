using System.Management.Automation;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Removes a publish target from its credential. What it holds stays as it is, and no rotation writes it any more.</summary>
[Cmdlet(VerbsCommon.Remove, "NebulaPublishTarget", DefaultParameterSetName = ByTarget, SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveNebulaPublishTargetCommand : StoreCmdlet
{
    private const string ByTarget = "Target";
    private const string ById = "Id";

    /// <summary>A target as Get-NebulaPublishTarget gives it.</summary>
    [Parameter(ParameterSetName = ByTarget, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PublishTarget[] InputObject { get; set; } = [];

    /// <summary>The credential's name.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The credential's scope.</summary>
    [Parameter(ParameterSetName = ById)]
    [ValidateNotNullOrEmpty]
    public string Scope { get; set; } = DatabaseCredential.DefaultScope;

    /// <summary>The target's id, as Get-NebulaPublishTarget shows it.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true)]
    public Guid[] Id { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ById)
        {
            foreach (var id in Id)
                Attempt(Name, () => Remove(new CredentialTarget(Name, Scope), id, $"target {id}"));
            return;
        }

        foreach (var target in InputObject)
            Attempt(target.Credential, () => Remove(new CredentialTarget(target.Credential, target.Scope), target.Id, target.ToString()));
    }

    private void Remove(CredentialTarget credential, Guid id, string what)
    {
        if (!ShouldProcess($"{credential.Name}: {what}", "Remove publish target"))
            return;
        var change = new CredentialChange
        {
            Apply = before => before.PublishTargets.Any(target => target.Id == id)
                ? before with { PublishTargets = [.. before.PublishTargets.Where(target => target.Id != id)] }
                : throw new RotationException(
                    RotationErrorCode.InvalidArgument,
                    $"'{before.Name}' has no publish target {id}.",
                    $"Get-NebulaPublishTarget -Name '{before.Name}' lists those that it has."),
        };
        Ask((service, cancellationToken) => service.ChangeAsync(credential.Name, credential.Scope, change, cancellationToken));
    }
}
