using System.Management.Automation;
using Nebula.Rotation.Module.Errors;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Replaces the login of a credential by a new one, without its application failing a query.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "NebulaRotation", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(StageResult))]
public sealed class InvokeNebulaRotationCommand : RotationCmdlet
{
    /// <summary>How the second login comes to be, in this run; otherwise as the credential says.</summary>
    [Parameter]
    public RotationStrategy? Strategy { get; set; }

    /// <summary>A statement that the new login must be able to run before it is published.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? VerifyQuery { get; set; }

    /// <summary>Do not ask. A lease, a blocker or a hold stays what it is.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override string Activity => "Rotate";

    /// <inheritdoc/>
    private protected override bool DoesNotAsk => Force;

    /// <inheritdoc/>
    private protected override RotationStrategy? StrategyOfRun => Strategy;

    /// <inheritdoc/>
    private protected override string? VerifyQueryOfRun => VerifyQuery;

    /// <inheritdoc/>
    private protected override string Question(DatabaseCredential credential) =>
        $"Rotate {Place(credential)}? A new login takes its place; the old one is retired once nobody uses it.";

    /// <inheritdoc/>
    private protected override IEnumerable<string> Foresee(RotationRequest request)
    {
        var plan = Ask((service, cancellationToken) => service.PlanAsync(request, cancellationToken));
        foreach (var warning in plan.Warnings)
            WriteWarning(warning);
        foreach (var blocker in plan.Blockers)
            WriteWarning($"The rotation of '{plan.Credential}' would be refused: {blocker}");
        yield return $"  {plan.Strategy}: '{plan.OldUsername}' gives way to a login such as '{plan.NewUsername}'. Statements:";
        foreach (var statement in plan.Statements)
            yield return $"  [{statement.Stage}{(statement.Database is null ? "" : $", {statement.Database}")}] {statement.Text}";
        foreach (var target in plan.PublishTargets)
            yield return $"  [{RotationStage.Publish}] {target}";
    }

    /// <inheritdoc/>
    private protected override Task<RotationRecord> RunAsync(
        IRotationService service, RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        service.RotateAsync(request, observer, stop);

    // Asked to rotate, and the old login is live: that is a failure, whichever way the engine puts it.
    /// <inheritdoc/>
    private protected override void Judge(RotationRecord record)
    {
        if (record is { State: RotationState.RolledBack or RotationState.RollbackFailed, ErrorCode: { } code })
        {
            throw new RotationException(
                code,
                record.Message ?? $"The rotation was undone; '{record.OldUsername}' is live.",
                $"Get-NebulaRotation -RotationId {record.RotationId} shows its stages.");
        }
    }
}
