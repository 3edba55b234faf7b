using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Gives the credentials of the store, without their passwords.</summary>
[Cmdlet(VerbsCommon.Get, "NebulaDbCredential", HelpUri = HelpPage.Folder + "Get-NebulaDbCredential.md")]
[OutputType(typeof(DatabaseCredential))]
public sealed class GetNebulaDbCredentialCommand : StoreCmdlet
{
    /// <summary>Names; wildcards are allowed. All by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [Alias("CredentialName")]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The scope; all by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public string? Scope { get; set; }

    /// <summary>Only credentials of this kind of server.</summary>
    [Parameter]
    public DatabaseType? DatabaseType { get; set; }

    /// <summary>Only credentials that have all of these tags.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>Only credentials whose rotation is due now.</summary>
    [Parameter]
    public SwitchParameter Due { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Name)
            Attempt(name, () => Get(new NamePattern(name)));
    }

    private void Get(NamePattern pattern)
    {
        var filter = new CredentialFilter
        {
            Names = pattern.ForFilter,
            Scope = Scope,
            DatabaseType = DatabaseType,
            Tags = Tag,
            DueAt = Due ? TimeProvider.System.GetUtcNow() : null,
        };
        var found = Ask((service, cancellationToken) => service.FindAsync(filter, cancellationToken)).Where(c => pattern.Matches(c.Name)).ToList();
        // A name that was written out and is not there is a mistake; one that another parameter filtered away is not.
        var isUnfiltered = DatabaseType is null && Tag.Length == 0 && !Due;
        if (found.Count == 0 && !pattern.HasWildcards && isUnfiltered)
        {
            throw new RotationException(
                RotationErrorCode.CredentialNotFound,
                Scope is null ? $"No credential '{pattern}'." : $"No credential '{pattern}' in scope '{Scope}'.",
                "Get-NebulaDbCredential without -Name lists the credentials of the store.");
        }

        WriteObject(found, enumerateCollection: true);
    }
}
