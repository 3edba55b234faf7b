using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Workflow.Ownership;
using Nebula.Rotation.Engine.Workflow.Stages;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// The stage machine. One rule decides everything that can go wrong: as long as the store names the old login the way is back, once it names the
/// new one the way is forward.
/// </summary>
internal sealed class RotationWorkflow(WorkflowServices services)
{
    private readonly ICredentialStore _store = services.Store;

    /// <summary>Rotates, due or not.</summary>
    public Task<RotationRecord> RotateAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        RotateAsync(request, observer, onlyIfDue: false, stop);

    /// <summary>Rotates; finishes what an earlier run left open first, and is content with that when it went forward.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="observer">Who watches.</param>
    /// <param name="onlyIfDue">
    /// Looks once more whether it is due, now that nobody else can rotate it: of several runners that found it due, the first has done it by then.
    /// </param>
    /// <param name="stop">Stops at the next safe point.</param>
    public async Task<RotationRecord> RotateAsync(RotationRequest request, IRotationObserver observer, bool onlyIfDue, CancellationToken stop)
    {
        var credential = await LoadAsync(request, stop);
        if (credential.HoldReason is { } reason)
        {
            throw new RotationException(
                RotationErrorCode.CredentialOnHold,
                $"'{credential.Name}' is on hold: {reason}",
                $"Nothing was changed; '{credential.Username}' is live. Lift the hold: Set-NebulaDbCredential -Name '{credential.Name}' -Hold ''.");
        }

        // Seen here it costs one reading, of what runners share most; whoever finds it due asks again under the lease.
        if (onlyIfDue)
            RequireDue(credential);
        await using var lease = await TakeLeaseAsync(credential, stop);
        var open = await FindOpenAsync(credential, stop);
        if (open is not null && OwnershipHistory.IsOwnership(open))
        {
            observer.OnMessage(
                RotationMessageKind.Warning, $"The change of owner {open.RotationId} of '{credential.Name}' was left half-way; Convert-NebulaOwnership goes on with it after the rotation.");
            await OwnershipWorkflow.SetAsideAsync(_store, lease, open, services.Time, stop);
        }
        else if (open is not null)
        {
            observer.OnMessage(RotationMessageKind.Warning, $"Rotation {open.RotationId} of '{credential.Name}' was left {open.State}; finishing it first.");
            var finished = await FinishAsync(open.RotationId, credential, lease, request, observer, stop);
            if (finished.State != RotationState.RolledBack)
                return finished;
        }

        credential = await LoadAsync(request, stop);
        if (onlyIfDue)
            RequireDue(credential);
        await DropExpiredAsync(credential, lease, request, observer, stop);
        return await StartAsync(new()
        {
            Lease = lease,
            Credential = credential,
            Request = request,
            Observer = observer,
            Settings = new RotationSettings { RetainFor = credential.RetainFor ?? TimeSpan.Zero }.With(request),
            Stop = stop,
        });
    }

    private void RequireDue(DatabaseCredential credential)
    {
        if (credential.NextRotationAt <= services.Time.GetUtcNow())
            return;
        throw new RotationException(
            RotationErrorCode.NotDue, $"'{credential.Name}' is not due any more; '{credential.Username}' is live since {credential.LastRotatedAt:u}.", "Nothing was changed.");
    }

    /// <summary>Finishes an open record, or drops a login whose retention is over.</summary>
    /// <param name="onlyIfUnfinished">Refuses what somebody else has finished meanwhile: a run by the schedule counts what it did itself.</param>
    public async Task<RotationRecord> ResumeAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop, bool onlyIfUnfinished = false)
    {
        var credential = await LoadAsync(request, stop);
        await using var lease = await TakeLeaseAsync(credential, stop);
        if (await FindOpenAsync(credential, stop) is { } open && (request.RotationId is null || request.RotationId == open.RotationId))
        {
            if (OwnershipHistory.IsOwnership(open))
                return await new OwnershipWorkflow(services).FinishAsync(open, credential, request.Admin, lease, observer, stop);
            return await FinishAsync(open.RotationId, credential, lease, request, observer, stop);
        }

        await BringUpToDateAsync(credential, lease, request, observer, stop);
        var erased = await OldSecrets.EraseExpiredAsync(_store, lease.Lease, credential, services.Time.GetUtcNow(), stop);
        if (erased.Count > 0)
            observer.OnMessage(RotationMessageKind.Verbose, $"{credential.Name}: the password of version {string.Join(", ", erased)} was erased; its time was over.");
        var last = request.RotationId is null ? await FindRetainedAsync(credential, stop) : null;
        last ??= await FindAsync(credential, request.RotationId, stop);
        if (onlyIfUnfinished && last.State != RotationState.Retained)
        {
            throw new RotationException(
                RotationErrorCode.NotDue, $"Rotation {last.RotationId} of '{credential.Name}' has been finished by another runner: {last.State}.", "Nothing was changed.");
        }

        return last.State != RotationState.Retained || (last.RetainUntil > services.Time.GetUtcNow() && request.RetainFor != TimeSpan.Zero && !request.Emergency)
            ? last
            : await DropRetainedAsync(last, credential, lease, request, observer, stop);
    }

    /// <summary>Makes the old login of a rotation live again: a rotation in reverse, which cuts nobody off either.</summary>
    public async Task<RotationRecord> UndoAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop)
    {
        var credential = await LoadAsync(request, stop);
        await using var lease = await TakeLeaseAsync(credential, stop);
        var current = await _store.GetCurrentLoginAsync(credential.Id, stop);
        var record = await FindOpenAsync(credential, stop) is { } open && (request.RotationId is null || request.RotationId == open.RotationId) ? open
            : request.RotationId is null ? await Reversals.FindAsync(_store, credential, current.Version, stop)
            : null;
        record ??= await FindAsync(credential, request.RotationId, stop, rotationsOnly: request.RotationId is null);
        if (OwnershipHistory.IsOwnership(record))
        {
            throw new RotationException(
                RotationErrorCode.UndoNotPossible,
                $"{record.RotationId} is no rotation: it moved what '{record.OldUsername}' owns to '{record.NewUsername}'.",
                $"Nothing was changed. Run Convert-NebulaOwnership -Name '{credential.Name}', with -Undo to take it back.");
        }

        if (record.State is RotationState.Running or RotationState.RollbackFailed)
            return await FinishAsync(record.RotationId, credential, lease, request, observer, stop);
        if (!Reversals.IsReversible(record, current.Version))
        {
            throw new RotationException(
                RotationErrorCode.UndoNotPossible,
                $"Rotation {record.RotationId} is {record.State}; '{current.Login.Username}' is live.",
                "Nothing was changed. Get-NebulaRotation lists the rotations: the newest that is not undone is the one to undo.");
        }

        var journal = await ReadAsync(record.RotationId, stop);
        return await ReverseAsync(journal, credential, lease, request, request.RetainFor ?? TimeSpan.Zero, observer, stop);
    }

    private async Task<RotationRecord> ReverseAsync(
        RotationJournal journal, DatabaseCredential credential, LeaseKeeper lease, RotationRequest request, TimeSpan retainFor,
        IRotationObserver observer, CancellationToken stop)
    {
        var document = RotationDocument.Deserialize(journal.Document);
        var settings = document.Settings.With(request) with { RetainFor = retainFor, VerifyQuery = request.VerifyQuery };

        // A drain that must not cut off the way forward must not cut off the way back either, and two reversals in a row help nobody.
        if (settings.OnDrainTimeout == DrainTimeoutAction.RollBack)
            settings = settings with { OnDrainTimeout = DrainTimeoutAction.Keep };
        return await StartAsync(new()
        {
            Lease = lease,
            Credential = credential,
            Request = request,
            Observer = observer,
            Settings = settings,
            Stop = stop,
            Reverses = (journal.Record, document),
            PasswordWasTaken = journal.Entries.Any(entry => entry.Step == Steps.Idle),
        });
    }

    private async Task<RotationRecord> StartAsync(PrepareInput input)
    {
        var (run, plan) = await PrepareStage.RunAsync(services, input, input.Stop);
        await using (run)
        {
            using var working = CancellationTokenSource.CreateLinkedTokenSource(run.Stop, run.LeaseLost);
            try
            {
                await CloneStages.RunAsync(run, plan, working.Token);
                await VerifyStage.RunAsync(run, working.Token);
                await PublishStage.RunAsync(run, working.Token);
            }
            catch (Exception exception)
            {
                await Failures.BeforePublishAsync(run, exception);
            }

            return await GoForwardAsync(run, input.Lease, input.Request);
        }
    }

    /// <summary>Finishes a record that is open: forward when the store names its new login, else back.</summary>
    private async Task<RotationRecord> FinishAsync(
        Guid rotationId, DatabaseCredential credential, LeaseKeeper lease, RotationRequest request, IRotationObserver observer, CancellationToken stop)
    {
        await using var run = await OpenAsync(rotationId, credential, lease, request, observer, stop);
        if (await run.IsPublishedAsync(stop))
            return await GoForwardAsync(run, lease, request);
        if (await LostLogin.OnlyNewLogsInAsync(run, stop))
            return await GoForwardUnpublishedAsync(run, lease, request);
        Stages.PublishStage.RequireScript(run);
        await Failures.RollBackAsync(run, null);
        return (await ReadAsync(rotationId, CancellationToken.None)).Record;
    }

    private async Task<RotationRecord> GoForwardUnpublishedAsync(RotationRun run, LeaseKeeper lease, RotationRequest request)
    {
        LostLogin.RequireScript(run);
        run.Observer.OnMessage(
            RotationMessageKind.Warning, $"The server refuses '{run.OldUsername}', which the store names as live, and lets '{run.NewUsername}' in: going forward to that one.");
        using var working = CancellationTokenSource.CreateLinkedTokenSource(run.Stop, run.LeaseLost);
        try
        {
            await Stages.PublishStage.RunAsync(run, working.Token);
        }
        catch (Exception exception)
        {
            await Failures.BeforePublishAsync(run, exception);
        }

        return await GoForwardAsync(run, lease, request);
    }

    private async Task<RotationRecord> GoForwardAsync(RotationRun run, LeaseKeeper lease, RotationRequest request)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(run.Stop, run.LeaseLost);
        var timedOut = false;
        try
        {
            // Told of a leak while the record was open already: whoever finishes it does so in the same way.
            if (run.Settings.Emergency && !run.Document.Settings.Emergency)
            {
                run.Document.Settings = run.Settings with { NoWait = false };
                await run.SaveDocumentAsync(run.LeaseLost);
            }

            await run.FollowOwnAdminAsync();
            // Behind a door that an earlier run closed there is nothing to wait for.
            var closed = run.Has(Steps.Block, JournalPhase.Done) || (run.SharesName && run.Has(Steps.Drop, JournalPhase.Intent));
            while (true)
            {
                var outcome = closed ? DrainOutcome.Drained : await DrainStage.RunAsync(run, waiting.Token);
                timedOut = outcome == DrainOutcome.RollBack;
                if (outcome is DrainOutcome.Kept or DrainOutcome.RollBack)
                    break;
                run.Stop.ThrowIfCancellationRequested();
                if (!await RetireStage.RunAsync(run, outcome == DrainOutcome.EndSessions, run.LeaseLost))
                {
                    closed = false;
                    continue;
                }

                await CompleteStage.RunAsync(run, run.LeaseLost);
                break;
            }
        }
        catch (Exception exception)
        {
            throw await Failures.AfterPublishAsync(run, exception);
        }

        if (timedOut)
            await ReverseTimedOutAsync(run, lease, request);
        return (await ReadAsync(run.Id, CancellationToken.None)).Record;
    }

    private async Task ReverseTimedOutAsync(RotationRun run, LeaseKeeper lease, RotationRequest request)
    {
        // The reversal takes the locks of the same two names on a connection of its own.
        await run.ReconnectAsync();
        var credential = await LoadAsync(request, CancellationToken.None);
        // What the caller wanted to keep is the old login, which is live again; the new one has failed.
        await ReverseAsync(await ReadAsync(run.Id, CancellationToken.None), credential, lease, request, TimeSpan.Zero, run.Observer, run.Stop);
        throw new RotationException(
            RotationErrorCode.DrainTimedOut,
            $"{run.OldLogin} still had sessions after {run.Settings.DrainTimeout.TotalSeconds:0.#} s; the rotation was taken back.",
            $"{run.OldLogin} is live. Find out who does not follow, then run Invoke-NebulaRotation again.");
    }

    /// <summary>Nothing is open: an endpoint that joined later, or was away, may lack the live login all the same.</summary>
    private async Task BringUpToDateAsync(DatabaseCredential credential, LeaseKeeper lease, RotationRequest request, IRotationObserver observer, CancellationToken stop)
    {
        var engine = services.Engines.Get(credential.DatabaseType);
        if (!engine.HasLoginsPerEndpoint)
            return;
        var live = await _store.GetCurrentLoginAsync(credential.Id, stop);
        await using var admin = await engine.ConnectAdminAsync(credential, await AdminLogins.FindAsync(_store, credential, request.Admin, stop), stop);
        admin.LeaseCheck = lease.CheckAsync;
        foreach (var change in await admin.BringUpToDateAsync(live.Login, stop))
            observer.OnMessage(RotationMessageKind.Important, $"{credential.Name}: {change}");
    }

    private async Task DropExpiredAsync(
        DatabaseCredential credential, LeaseKeeper lease, RotationRequest request, IRotationObserver observer, CancellationToken stop)
    {
        foreach (var record in await ListRetainedAsync(credential, stop))
        {
            if (record.RetainUntil <= services.Time.GetUtcNow())
                await DropRetainedAsync(record, credential, lease, request, observer, stop);
        }
    }

    private async Task<RotationRecord> DropRetainedAsync(
        RotationRecord record, DatabaseCredential credential, LeaseKeeper lease, RotationRequest request, IRotationObserver observer, CancellationToken stop)
    {
        var live = (await _store.GetCurrentLoginAsync(credential.Id, stop)).Login.Username;
        await using (var run = await OpenAsync(record.RotationId, credential, lease, request, observer, stop))
        {
            try
            {
                var clock = run.StartStage(RotationStage.Retire, $"Putting '{run.OldUsername}' away, which was kept until {record.RetainUntil:u}");
                // The two names of a pair come back: one that is live is not touched, whatever a record says.
                var isLive = run.OldUsername == live && !run.SharesName;
                if (!isLive)
                    await RetireStage.RequireLiveAsync(run, run.LeaseLost);
                if (!isLive)
                    await RetireStage.PutAwayAsync(run, wasKept: true, run.LeaseLost);
                var message = isLive ? $"'{live}' is live again." : $"{RetireStage.Gone(run)} Its retention is over.";
                await run.ReportAsync(clock, StageStatus.Succeeded, message, run.LeaseLost);
                await OldSecrets.EraseAsync(run, run.LeaseLost);
                await run.SetStateAsync(
                    new() { State = RotationState.Completed, FinishedAt = services.Time.GetUtcNow(), Message = run.Document.DisabledBecause is null ? null : message }, run.LeaseLost);
            }
            catch (Exception exception)
            {
                throw await Failures.AfterPublishAsync(run, exception, RotationState.Retained, record.RetainUntil);
            }
        }

        return (await ReadAsync(record.RotationId, CancellationToken.None)).Record;
    }

    private async Task<RotationRun> OpenAsync(
        Guid rotationId, DatabaseCredential credential, LeaseKeeper lease, RotationRequest request, IRotationObserver observer, CancellationToken stop)
    {
        var journal = await ReadAsync(rotationId, stop);
        var document = RotationDocument.Deserialize(journal.Document);
        var run = new RotationRun(services, lease, observer, stop)
        {
            Credential = credential,
            Engine = services.Engines.Get(credential.DatabaseType),
            AdminLogin = await AdminLogins.FindAsync(_store, credential, request.Admin, stop),
            Record = journal.Record,
            Document = document,
            Settings = document.Settings.With(request),
        };
        run.Remember(journal.Entries);
        return run;
    }

    private async Task<DatabaseCredential> LoadAsync(RotationRequest request, CancellationToken cancellationToken) =>
        await _store.FindAsync(request.Name, request.Scope, cancellationToken) ?? throw NotFound.Credential(request.Name, request.Scope, _store.Location);

    private Task<LeaseKeeper> TakeLeaseAsync(DatabaseCredential credential, CancellationToken cancellationToken) =>
        LeaseKeeper.TakeAsync(_store, credential.Id, services.Timing.LeaseDuration, services.Time, cancellationToken);

    private async Task<RotationRecord?> FindOpenAsync(DatabaseCredential credential, CancellationToken cancellationToken)
    {
        var open = await _store.ListRotationsAsync(
            new()
            {
                Name = credential.Name,
                Scope = credential.Scope,
                States = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed],
                Last = 1,
            },
            cancellationToken);
        return open.Count > 0 ? open[0] : null;
    }

    /// <summary>The login whose retention ends first.</summary>
    private async Task<RotationRecord?> FindRetainedAsync(DatabaseCredential credential, CancellationToken cancellationToken) =>
        (await ListRetainedAsync(credential, cancellationToken)).MinBy(record => record.RetainUntil);

    private Task<IReadOnlyList<RotationRecord>> ListRetainedAsync(DatabaseCredential credential, CancellationToken cancellationToken) =>
        _store.ListRotationsAsync(new() { Name = credential.Name, Scope = credential.Scope, States = [RotationState.Retained] }, cancellationToken);

    private async Task<RotationRecord> FindAsync(DatabaseCredential credential, Guid? rotationId, CancellationToken cancellationToken, bool rotationsOnly = false)
    {
        var found = await _store.ListRotationsAsync(
            new() { Name = credential.Name, Scope = credential.Scope, RotationId = rotationId, Last = rotationsOnly ? null : 1 }, cancellationToken);
        return found.FirstOrDefault(record => !rotationsOnly || !OwnershipHistory.IsOwnership(record)) ?? throw NotFound.Rotation(credential, rotationId);
    }

    private async Task<RotationJournal> ReadAsync(Guid rotationId, CancellationToken cancellationToken) =>
        await _store.ReadRotationAsync(rotationId, cancellationToken)
        ?? throw new RotationException(RotationErrorCode.RotationNotFound, $"The store has no rotation {rotationId}.");
}
