using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the tags that credentials have.</summary>
public sealed class TagCompleter : StoreCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken)
    {
        var found = await service.FindAsync(new CredentialFilter(), cancellationToken);
        return
        [
            .. found.SelectMany(credential => credential.Tag)
                .Where(context.Begins)
                .GroupBy(word => word, StringComparer.OrdinalIgnoreCase)
                .OrderBy(group => group.Key, StringComparer.OrdinalIgnoreCase)
                .Select(group => ToResult(group.Key, group.Count() == 1 ? "1 credential" : $"{group.Count()} credentials")),
        ];
    }
}
