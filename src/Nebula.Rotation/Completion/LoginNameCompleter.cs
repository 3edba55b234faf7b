using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the user names that a credential has now and had before: the live one, then those of its history, newest first.</summary>
public sealed class LoginNameCompleter : StoreCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken)
    {
        var name = context["Name"];
        var credentials = await service.FindAsync(new CredentialFilter { Names = name is null ? [] : [name], Scope = context["Scope"] }, cancellationToken);
        var rotations = await service.GetRotationsAsync(new RotationFilter { Name = name, Scope = context["Scope"] }, cancellationToken);
        var live = credentials.Select(credential => (credential.Username, Tip: $"live login of {credential.Name}"));
        var past = rotations.SelectMany(record => new[] { record.NewUsername, record.OldUsername }.Select(login => (Username: login, Tip: $"of {record.Credential}, {record.StartedAt.LocalDateTime:g}")));
        return
        [
            .. live.Concat(past)
                .Where(login => login.Username.Length > 0 && context.Begins(login.Username))
                .DistinctBy(login => login.Username)
                .Select(login => ToResult(login.Username, login.Tip)),
        ];
    }
}
