using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the scopes that credentials are in.</summary>
public sealed class ScopeCompleter : StoreCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken)
    {
        var found = await service.FindAsync(new CredentialFilter(), cancellationToken);
        return
        [
            .. found.Select(credential => credential.Scope)
                .Where(context.Begins)
                .GroupBy(word => word, StringComparer.OrdinalIgnoreCase)
                .OrderBy(group => group.Key, StringComparer.OrdinalIgnoreCase)
                .Select(group => ToResult(group.Key, group.Count() == 1 ? "1 credential" : $"{group.Count()} credentials")),
        ];
    }
}
