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
    [Alias("CredentialName")]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public virtual string[] Name { get; set; } = [];

    /// <summary>The scope in which the name is looked for.</summary>
    [Parameter(ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public virtual string Scope { get; set; } = DatabaseCredential.DefaultScope;

    /// <summary>A credential as Get-NebulaDbCredential gives it.</summary>
    [Parameter(ParameterSetName = ByCredential, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public DatabaseCredential[] InputObject { get; set; } = [];

    /// <summary>What this record of the pipeline names.</summary>
    private protected IEnumerable<CredentialTarget> Targets =>
        ParameterSetName == ByCredential
            ? InputObject.Select(credential => new CredentialTarget(credential.Name, credential.Scope))
            : Name.Select(name => new CredentialTarget(name, Scope));
}
