using System.Management.Automation;
using Nebula.Rotation.Module.Binding;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A cmdlet that runs the workflow: it collects what is piped, asks about each before any work starts, then runs them.</summary>
public abstract class RotationCmdlet : CredentialCmdlet
{
    private readonly List<CredentialTarget> _targets = [];

    /// <summary>The admin login of this run, instead of the stored one.</summary>
    [Parameter]
    [VaultCredential]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <summary>How long no session of the outgoing login may have been seen before its drain is done: 90s, 5m, a number of seconds, a TimeSpan.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? GracePeriod { get; set; }

    /// <summary>How long the drain may take in all.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? DrainTimeout { get; set; }

    /// <summary>What happens when sessions of the outgoing login are left then.</summary>
    [Parameter]
    public DrainTimeoutAction? OnDrainTimeout { get; set; }

    /// <summary>How long the outgoing login is kept, disabled, after it has drained; zero drops it.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? RetainFor { get; set; }

    /// <summary>Return as soon as the incoming login is live. Resume-NebulaRotation drains and retires the outgoing one later.</summary>
    [Parameter]
    public SwitchParameter NoWait { get; set; }

    /// <summary>After a leak: no grace, sessions are ended, the outgoing login is dropped.</summary>
    [Parameter]
    public SwitchParameter Emergency { get; set; }

    /// <summary>
    /// Run when consumers are to adopt a login, with a PublishContext as its argument: RotationId, Credential, Login, PreviousUsername,
    /// IsRollback. An error that it writes or throws fails the Publish stage; it is then run again with the old login.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public ScriptBlock? Publish { get; set; }

    /// <inheritdoc/>
    private protected override string StopNotice =>
        $"Stopping at the next safe point and undoing what has to be undone (at most {PipelinePump.StopPatience.TotalMinutes:0} minutes).";

    /// <summary>What a progress bar is headed with, before the credential's name, and what -WhatIf calls the operation.</summary>
    private protected abstract string Activity { get; }

    /// <summary>True when the command does not ask.</summary>
    private protected virtual bool DoesNotAsk => false;

    private protected virtual RotationStrategy? StrategyOfRun => null;

    private protected virtual string? VerifyQueryOfRun => null;

    /// <summary>What the user is asked about this credential.</summary>
    private protected abstract string Question(DatabaseCredential credential, CredentialTarget target);

    /// <summary>More lines for -WhatIf; the engine may be asked, nothing may be changed.</summary>
    private protected virtual IEnumerable<string> Foresee(CredentialTarget target) => [];

    /// <summary>Does the work for those that the user agreed to.</summary>
    private protected abstract void RunAll(IReadOnlyList<CredentialTarget> targets);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in Targets)
            Add(target);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // Every question before the first work: an answer may be far away, and a rotation that runs must not wait for it.
        RunAll([.. _targets.Where(Agree)]);
    }

    /// <summary>One after the other.</summary>
    private protected void RunEach(
        IEnumerable<CredentialTarget> targets, Func<IRotationService, RotationRequest, IRotationObserver, CancellationToken, Task<RotationRecord>> run)
    {
        foreach (var target in targets)
            Attempt(target.Name, () => RunOne(ToRequest(target), run));
    }

    /// <summary>Adds a target once; a pipeline of stage results names the same rotation eight times.</summary>
    private protected void Add(CredentialTarget target)
    {
        if (!_targets.Contains(target))
            _targets.Add(target);
    }

    private bool Agree(CredentialTarget target)
    {
        var agreed = false;
        Attempt(target.Name, () =>
        {
            var confirmation = new Confirmation(this, DoesNotAsk);
            var credential = Find(target);
            var description = $"Performing the operation \"{Activity}\" on target \"{Place(credential)}\".";
            if (confirmation.IsWhatIf)
                description = string.Join(Environment.NewLine, Foresee(target).Prepend(description));
            agreed = confirmation.Ask(description, Question(credential, target), target.Name);
        });
        return agreed;
    }

    private void RunOne(RotationRequest request, Func<IRotationService, RotationRequest, IRotationObserver, CancellationToken, Task<RotationRecord>> run)
    {
        var publish = Publish is null ? null : new PublishScript(Publish);
        _ = Watch(async (service, sink, stop) =>
        {
            var observer = new RotationObserver(sink, Activity, publish);
            try
            {
                return await run(service, request, observer, stop);
            }
            finally
            {
                observer.EndProgress();
            }
        });
    }

    /// <summary>What the engine is asked for one of them.</summary>
    private protected RotationRequest ToRequest(CredentialTarget target) => new()
    {
        Name = target.Name,
        Scope = target.Scope,
        RotationId = target.RotationId,
        Admin = AdminCredential.ToLogin(nameof(AdminCredential)),
        Strategy = StrategyOfRun,
        GracePeriod = GracePeriod,
        DrainTimeout = DrainTimeout,
        OnDrainTimeout = OnDrainTimeout,
        RetainFor = RetainFor,
        NoWait = NoWait,
        Emergency = Emergency,
        VerifyQuery = VerifyQueryOfRun,
    };

    private protected static string Place(DatabaseCredential credential) =>
        $"{credential.Name}: {credential.DatabaseType} {credential.Endpoints}/{credential.Database}, live login '{credential.Username}'";
}
