using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A cmdlet that changes no credential, so that it may be told of many at once.</summary>
public abstract class CredentialPatternCmdlet : CredentialCmdlet
{
    /// <summary>Names; wildcards are allowed.</summary>
    [Parameter(ParameterSetName = ByName, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [Alias("CredentialName")]
    [ArgumentCompleter(typeof(CredentialNameCompleter))]
    public override string[] Name { get; set; } = [];

    /// <summary>Does something for each credential that this record of the pipeline names; a pattern that fits none is no error.</summary>
    private protected void ForEach(Action<CredentialTarget> action)
    {
        if (ParameterSetName == ByCredential)
        {
            foreach (var target in Targets)
                Attempt(target.Name, () => action(target));
            return;
        }

        foreach (var name in Name)
        {
            var pattern = new NamePattern(name);
            IReadOnlyList<CredentialTarget> targets = [new(name, Scope)];
            if (pattern.HasWildcards && !Attempt(name, () => targets = Expand(pattern)))
                continue;
            foreach (var target in targets)
                Attempt(target.Name, () => action(target));
        }
    }

    private List<CredentialTarget> Expand(NamePattern pattern)
    {
        var found = Ask((service, cancellationToken) => service.FindAsync(new CredentialFilter { Scope = Scope }, cancellationToken));
        // A name may have a bracket in it; who writes it out means that one.
        var written = found.Where(credential => string.Equals(credential.Name, pattern.ToString(), StringComparison.OrdinalIgnoreCase)).ToList();
        var matching = written.Count > 0 ? written : [.. found.Where(credential => pattern.Matches(credential.Name))];
        return [.. matching.Select(credential => new CredentialTarget(credential.Name, credential.Scope))];
    }
}
