using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the tags that credentials have.</summary>
public sealed class TagCompleter : StoreCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken) =>
        Count((await service.FindAsync(new CredentialFilter(), cancellationToken)).SelectMany(credential => credential.Tag), context);
}
