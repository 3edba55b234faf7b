using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the scopes that credentials are in.</summary>
public sealed class ScopeCompleter : StoreCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken) =>
        Count((await service.FindAsync(new CredentialFilter(), cancellationToken)).Select(credential => credential.Scope), context);
}
