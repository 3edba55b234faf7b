using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the ids of a credential's publish targets; the beginning of what a target is (EnvFile, …) serves as well as that of its id.</summary>
public sealed class PublishTargetIdCompleter : StoreCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken)
    {
        var filter = new CredentialFilter { Names = context["Name"] is { } name ? [name] : [], Scope = context["Scope"] };
        var found = await service.FindAsync(filter, cancellationToken);
        return
        [
            .. found.SelectMany(credential => credential.PublishTargets)
                .Where(target => context.Begins(target.Id.ToString()) || context.Begins(target.ToString()))
                .Select(target => ToResult(target.Id.ToString(), $"{target.Credential}: {target}", target.ToString())),
        ];
    }
}
