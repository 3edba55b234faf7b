using System.Management.Automation;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Finishes a rotation that was left open: forward when its new login is live, back when the old one is.</summary>
[Cmdlet(VerbsLifecycle.Resume, "NebulaRotation", DefaultParameterSetName = ById, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, HelpUri = HelpPage.Folder + "Resume-NebulaRotation.md")]
[OutputType(typeof(StageResult))]
public sealed class ResumeNebulaRotationCommand : RecordedRotationCmdlet
{
    private const string Everything = "All";

    /// <summary>Every rotation of the store that is open.</summary>
    [Parameter(ParameterSetName = Everything, Mandatory = true)]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    private protected override string Activity => "Resume rotation";

    /// <inheritdoc/>
    private protected override string Question(DatabaseCredential credential, CredentialTarget target) =>
        $"Finish the open rotation of {Place(credential)}? It goes forward when its new login is live, back when the old one is.";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName != Everything)
        {
            base.ProcessRecord();
            return;
        }

        if (All)
            Attempt("*", () => AddOpen(TimeProvider.System.GetUtcNow()));
    }

    /// <inheritdoc/>
    private protected override void RunAll(IReadOnlyList<CredentialTarget> targets) =>
        RunEach(targets, (service, request, observer, stop) => service.ResumeAsync(request, observer, stop));

    private void AddOpen(DateTimeOffset now)
    {
        var targets = Ask(async (service, cancellationToken) =>
        {
            var filter = new RotationFilter
            {
                States = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed, RotationState.Retained],
            };
            var found = new List<CredentialTarget>();
            foreach (var record in await service.GetRotationsAsync(filter, cancellationToken))
            {
                // A login that is kept until later is not left over.
                if (record.State != RotationState.Retained || record.RetainUntil <= now)
                    found.Add(await FindTargetAsync(service, record, cancellationToken));
            }

            return found;
        });
        // The oldest first: it has waited longest.
        foreach (var target in Enumerable.Reverse(targets))
            Add(target);
    }
}
