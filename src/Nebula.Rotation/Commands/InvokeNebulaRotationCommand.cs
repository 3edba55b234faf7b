using System.Management.Automation;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Errors;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Replaces the login of a credential by a new one, without its application failing a query; or those of many.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "NebulaRotation", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Invoke-NebulaRotation.md")]
[OutputType(typeof(StageResult), typeof(RotationSummary))]
public sealed class InvokeNebulaRotationCommand : RotationCmdlet
{
    private const string BySchedule = "Due";
    private const string SummaryTag = "Nebula.RotationSummary";

    /// <summary>
    /// What is due now, and what earlier runs left to finish: rotations that are draining or were left half-way, logins that were kept until now. A credential
    /// that another runner is at work on is skipped. Ends in a terminating error if any failed.
    /// </summary>
    [Parameter(ParameterSetName = BySchedule, Mandatory = true)]
    public SwitchParameter Due { get; set; }

    /// <summary>Of those that are due, only credentials with all of these tags.</summary>
    [Parameter(ParameterSetName = BySchedule)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>How the second login comes to be, in this run; otherwise as the credential says.</summary>
    [Parameter]
    public RotationStrategy? Strategy { get; set; }

    /// <summary>A statement that the new login must be able to run before it is published.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? VerifyQuery { get; set; }

    /// <summary>How many credentials are rotated at once; those of one server too, as far as it takes them.</summary>
    [Parameter]
    [ValidateRange(1, FleetRequest.MaximumThrottleLimit)]
    public int ThrottleLimit { get; set; } = 1;

    /// <summary>Begin no more after so many failures.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? FailureBudget { get; set; }

    /// <summary>Rotate the first alone, and the others only if it completed.</summary>
    [Parameter]
    public SwitchParameter Canary { get; set; }

    /// <summary>
    /// Give a RotationSummary after the last stage. Without it the summary of more than one credential goes to the information stream alone, so that the
    /// output has stage results only.
    /// </summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    /// <summary>
    /// Run for each credential that fails, before its error record is written, with a FleetResult as its argument: Credential, Scope, RotationId, ErrorCode,
    /// Message, RecommendedAction. What goes wrong in it is a warning.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public ScriptBlock? OnFailure { get; set; }

    /// <summary>Where the summary is posted as JSON at the end: https, or http to this machine. What goes wrong there is a warning.</summary>
    [Parameter]
    [ValidateNotNull]
    public Uri? WebhookUri { get; set; }

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

    private bool IsBySchedule => ParameterSetName == BySchedule;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!IsBySchedule)
        {
            base.ProcessRecord();
            return;
        }

        if (!Due)
            return;
        var filter = new CredentialFilter { Tags = [.. Tag] };
        foreach (var due in Require(null, () => Ask((service, cancellationToken) => service.FindDueAsync(filter, cancellationToken))))
        {
            WriteVerbose($"{due.Credential.Name}: {due.Reason}");
            Add(new CredentialTarget(due.Credential.Name, due.Credential.Scope) { RotationId = due.RotationId, Action = due.Action });
        }
    }

    /// <inheritdoc/>
    private protected override string Question(DatabaseCredential credential, CredentialTarget target) => target.Action == DueAction.Finish
        ? $"Finish what was left open of {Place(credential)}?"
        : $"Rotate {Place(credential)}? A new login takes its place; the old one is retired once nobody uses it.";

    /// <inheritdoc/>
    private protected override IEnumerable<string> Foresee(CredentialTarget target)
    {
        if (target.Action == DueAction.Finish)
        {
            yield return "  What was left open is finished.";
            yield break;
        }

        var plan = Ask((service, cancellationToken) => service.PlanAsync(ToRequest(target), cancellationToken));
        foreach (var warning in plan.Warnings)
            WriteWarning(warning);
        foreach (var blocker in plan.Blockers)
            WriteWarning($"The rotation of '{plan.Credential}' would be refused: {blocker}");
        yield return $"  {plan.Strategy}: '{plan.OldUsername}' gives way to a login such as '{plan.NewUsername}'. Statements:";
        foreach (var statement in plan.Statements)
            yield return $"  [{statement.Stage}{(statement.Database is null ? "" : $", {statement.Database}")}] {statement.Text}";
        foreach (var published in plan.PublishTargets)
            yield return $"  [{RotationStage.Publish}] {published}";
    }

    /// <inheritdoc/>
    private protected override void RunAll(IReadOnlyList<CredentialTarget> targets)
    {
        var isWhatIf = new Confirmation(this, DoesNotAsk).IsWhatIf;
        if ((targets.Count == 0 && !IsBySchedule) || isWhatIf)
            return;
        var request = new FleetRequest
        {
            Members = [.. targets.Select(target => new FleetMember { Request = ToRequest(target), Action = target.Action })],
            ThrottleLimit = ThrottleLimit,
            FailureBudget = FailureBudget,
            Canary = Canary,
            IsScheduled = IsBySchedule,
            Webhook = WebhookUri,
        };
        var publish = Publish is null ? null : new PublishScript(Publish);
        var onFailure = OnFailure;
        var summary = Require(null, () => Watch((service, sink, stop) =>
            service.RotateManyAsync(request, new FleetObserver(sink, Activity, targets.Count, publish, onFailure), stop)));
        Conclude(summary);
    }

    private void Conclude(RotationSummary summary)
    {
        if (summary.Results.Count > 1 || IsBySchedule)
            WriteInformation(summary, [SummaryTag]);
        if (Summary)
            WriteObject(summary);
        if (!IsBySchedule)
            return;
        WriteVerbose(summary.NextRotationAt is { } next ? $"{summary}. The next is due at {next:u}." : $"{summary}. No other is planned.");
        if (summary.Failed == 0)
            return;
        var failed = string.Join(", ", summary.Results.Where(result => result.Outcome == FleetOutcome.Failed).Select(result => $"'{result.Credential}'"));
        ThrowTerminatingError(new RotationException(
            RotationErrorCode.RotationsFailed,
            $"{summary.Failed} of {summary.Results.Count} failed: {failed}.",
            "Each has an error record of its own that says which login is live. Get-NebulaRotation shows the stages.").ToErrorRecord(null));
    }
}
