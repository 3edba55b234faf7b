using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the names of credentials.</summary>
public sealed class CredentialNameCompleter : StoreCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken)
    {
        var found = await service.FindAsync(new CredentialFilter { Scope = context["Scope"] }, cancellationToken);
        return
        [
            .. found.Where(credential => context.Begins(credential.Name))
                .OrderBy(credential => credential.Name, StringComparer.OrdinalIgnoreCase)
                .Select(credential => ToResult(credential.Name, $"{credential.DatabaseType} {credential.Endpoints}/{credential.Database} as {credential.Username}")),
        ];
    }
}
