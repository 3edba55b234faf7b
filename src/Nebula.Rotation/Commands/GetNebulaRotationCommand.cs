using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Gives the rotations of the store's history with their stages, newest first.</summary>
[Cmdlet(VerbsCommon.Get, "NebulaRotation", DefaultParameterSetName = ByName, HelpUri = HelpPage.Folder + "Get-NebulaRotation.md")]
[OutputType(typeof(RotationRecord))]
public sealed class GetNebulaRotationCommand : StoreCmdlet
{
    private const string ByName = "Name";
    private const string ById = "RotationId";

    /// <summary>Names of credentials; wildcards are allowed. All by default.</summary>
    [Parameter(ParameterSetName = ByName, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The scope of the credentials; all by default. A rotation's id needs none.</summary>
    [Parameter(ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = ById, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScopeCompleter))]
    public string? Scope { get; set; }

    /// <summary>Only rotations in these states.</summary>
    [Parameter(ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    public RotationState[] State { get; set; } = [];

    /// <summary>The most rotations to give for a name.</summary>
    [Parameter(ParameterSetName = ByName)]
    [ValidateRange(1, int.MaxValue)]
    public int? Last { get; set; }

    /// <summary>The rotation, as a stage result shows it.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(RotationIdCompleter))]
    public Guid[] RotationId { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ById)
        {
            foreach (var id in RotationId)
                Attempt(id.ToString(), () => GetById(id));
            return;
        }

        foreach (var name in Name)
            Attempt(name, () => GetByName(new NamePattern(name)));
    }

    private void GetById(Guid id)
    {
        var found = Ask((service, cancellationToken) => service.GetRotationsAsync(new RotationFilter { RotationId = id }, cancellationToken));
        if (found.Count == 0)
            throw new RotationException(RotationErrorCode.RotationNotFound, $"No rotation {id}.", "Get-NebulaRotation lists the rotations of the store.");
        WriteObject(found, enumerateCollection: true);
    }

    private void GetByName(NamePattern pattern)
    {
        // The store takes one name, letter by letter. Where it cannot select, it cannot count either.
        var filter = new RotationFilter
        {
            Name = pattern.HasWildcards ? null : pattern.ToString(),
            Scope = Scope,
            States = State,
            Last = pattern.HasWildcards && !pattern.MatchesAll ? null : Last,
        };
        var found = Ask((service, cancellationToken) => service.GetRotationsAsync(filter, cancellationToken))
            .Where(record => pattern.Matches(record.Credential));
        WriteObject(Last is { } last ? found.Take(last) : found, enumerateCollection: true);
    }
}
