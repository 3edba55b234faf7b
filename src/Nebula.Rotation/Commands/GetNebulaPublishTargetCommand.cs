using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Gives the places that carry the logins of credentials, in the order in which a rotation writes them.</summary>
[Cmdlet(VerbsCommon.Get, "NebulaPublishTarget", HelpUri = HelpPage.Folder + "Get-NebulaPublishTarget.md")]
[OutputType(typeof(PublishTarget))]
public sealed class GetNebulaPublishTargetCommand : StoreCmdlet
{
    /// <summary>Names of credentials; wildcards are allowed. All by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [Alias("CredentialName")]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The scope of the credentials; all by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public string? Scope { get; set; }

    /// <summary>Only targets of these kinds.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public PublishTargetKind[] Kind { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Name)
            Attempt(name, () => Get(new NamePattern(name)));
    }

    private void Get(NamePattern pattern)
    {
        var filter = new CredentialFilter { Names = pattern.ForFilter, Scope = Scope };
        var found = Ask((service, cancellationToken) => service.FindAsync(filter, cancellationToken)).Where(c => pattern.Matches(c.Name)).ToList();
        if (found.Count == 0 && !pattern.HasWildcards)
        {
            throw new RotationException(
                RotationErrorCode.CredentialNotFound,
                Scope is null ? $"No credential '{pattern}'." : $"No credential '{pattern}' in scope '{Scope}'.",
                "Get-NebulaDbCredential without -Name lists the credentials of the store.");
        }

        foreach (var target in found.SelectMany(credential => credential.PublishTargets).Where(target => Kind.Length == 0 || Kind.Contains(target.Kind)))
            WriteObject(target);
    }
}
