using System.Globalization;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>
/// Completes the ids of rotations, newest first; nobody types one, so a credential's name in its place is completed to the ids of its rotations. Resume is
/// offered what is open.
/// </summary>
public sealed class RotationIdCompleter : StoreCompleter
{
    /// <summary>As many as a menu can show.</summary>
    private const int Most = 30;

    private static readonly RotationState[] Open = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed, RotationState.Retained];

    private protected override async Task<IReadOnlyList<CompletionResult>> FindAsync(
        IRotationService service, CompletionContext context, CancellationToken cancellationToken)
    {
        var filter = new RotationFilter
        {
            Name = context["Name"],
            Scope = context["Scope"],
            States = context.Command.StartsWith("Resume", StringComparison.OrdinalIgnoreCase) ? Open : [],
            Last = context.Word.Length == 0 ? Most : null,
        };
        var found = await service.GetRotationsAsync(filter, cancellationToken);
        return
        [
            .. found.Where(record => context.Begins(record.RotationId.ToString()) || context.Begins(record.Credential)).Take(Most).Select(record => ToResult(
                record.RotationId.ToString(),
                $"{record.Kind}: '{record.OldUsername}' to '{record.NewUsername}'",
                string.Create(CultureInfo.InvariantCulture, $"{record.Credential} {record.StartedAt.LocalDateTime:yyyy-MM-dd HH:mm} {record.State}"))),
        ];
    }
}
