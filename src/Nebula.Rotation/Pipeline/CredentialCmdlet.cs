using System.Management.Automation;
using Nebula.Rotation.Module.Completion;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A cmdlet about credentials that are given by name, or piped as objects.</summary>
public abstract class CredentialCmdlet : StoreCmdlet
{
    private protected const string ByName = "Name";
    private protected const string ByCredential = "Credential";

    /// <summary>The credential's name, letter by letter: a wildcard is none here.</summary>
    [Parameter(ParameterSetName = ByName, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>The scope in which the name is looked for.</summary>
    [Parameter(ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Scope { get; set; } = DatabaseCredential.DefaultScope;

    /// <summary>A credential as Get-NebulaDbCredential gives it.</summary>
    [Parameter(ParameterSetName = ByCredential, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public DatabaseCredential[] InputObject { get; set; } = [];

    /// <summary>What this record of the pipeline names.</summary>
    private protected IEnumerable<CredentialTarget> Targets =>
        ParameterSetName == ByCredential
            ? InputObject.Select(credential => new CredentialTarget(credential.Name, credential.Scope))
            : Name.Select(name => new CredentialTarget(name, Scope));

    /// <summary>The credential as the store has it now.</summary>
    private protected DatabaseCredential Find(CredentialTarget target) => Ask(async (service, cancellationToken) =>
    {
        // The filter reads * and ? as wildcards; here they are letters.
        var found = await service.FindAsync(new CredentialFilter { Names = [target.Name], Scope = target.Scope }, cancellationToken);
        return found.FirstOrDefault(target.Names)
            ?? throw new RotationException(
                RotationErrorCode.CredentialNotFound,
                $"No credential '{target.Name}' in scope '{target.Scope}'.",
                "Get-NebulaDbCredential lists the credentials of the store.");
    });
}
