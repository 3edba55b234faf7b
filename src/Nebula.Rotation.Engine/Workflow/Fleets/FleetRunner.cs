using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Fleets;

/// <summary>Runs a plan: begins what it names, tells it what ended.</summary>
/// <param name="services">What every run shares.</param>
/// <param name="run">Rotates or finishes one; told whether it is by the schedule.</param>
internal sealed class FleetRunner(WorkflowServices services, Func<FleetMember, bool, IRotationObserver, CancellationToken, Task<RotationRecord>> run)
{
    private const string NoMore = "stopped on request";

    private readonly Dictionary<FleetEntry, FleetResult> _results = [];

    public async Task<RotationSummary> RunAsync(FleetRequest request, IFleetObserver observer, CancellationToken stop)
    {
        Validate(request);
        var started = services.Time.GetTimestamp();
        var startedAt = services.Time.GetUtcNow();
        var entries = await EnterAsync(request, CancellationToken.None);
        foreach (var entry in entries.Where(entry => entry.Excluded is not null))
            await NoteAsync(entry, Skipped(entry, $"Not begun: {entry.Excluded}."), null, observer);
        var plan = new FleetPlan(entries.Where(entry => entry.Excluded is null), request.ThrottleLimit, request.FailureBudget, request.Canary);
        await RunAsync(plan, request, observer, stop);
        foreach (var entry in plan.Waiting)
            await NoteAsync(entry, Skipped(entry, $"Not begun: {plan.Halted}."), null, observer);

        var summary = new RotationSummary
        {
            StartedAt = startedAt,
            Duration = services.Time.GetElapsedTime(started),
            Results = [.. entries.Select(entry => _results[entry])],
            NextRotationAt = request.IsScheduled ? await services.Store.FindNextDueAsync(services.Time.GetUtcNow(), CancellationToken.None) : null,
        };
        if (request.Webhook is { } webhook && await Webhook.PostAsync(webhook, summary, CancellationToken.None) is { } problem)
            observer.OnMessage(RotationMessageKind.Warning, problem);
        return summary;
    }

    private async Task RunAsync(FleetPlan plan, FleetRequest request, IFleetObserver observer, CancellationToken stop)
    {
        var running = new Dictionary<Task<(FleetResult Result, bool IsClean, Exception? Failure)>, FleetEntry>();
        while (true)
        {
            if (stop.IsCancellationRequested)
                plan.Halt(NoMore);
            while (plan.Begin() is { } entry)
            {
                var watcher = observer.OnBegin(entry.Member);
                running.Add(Task.Run(() => RunOneAsync(entry, request, watcher, stop), CancellationToken.None), entry);
            }

            if (running.Count == 0)
                return;
            var ended = await Task.WhenAny(running.Keys);
            var (result, isClean, failure) = await ended;
            running.Remove(ended, out var done);
            plan.End(done!, result.Outcome, isClean);
            if (!await NoteAsync(done!, result, failure, observer))
                plan.Halt(NoMore);
        }
    }

    private async Task<(FleetResult Result, bool IsClean, Exception? Failure)> RunOneAsync(
        FleetEntry entry, FleetRequest request, IRotationObserver observer, CancellationToken stop)
    {
        try
        {
            var record = await run(entry.Member, request.IsScheduled, observer, stop);
            var result = Result(entry, Outcome(record), record.Message ?? Tell(record)) with { RotationId = record.RotationId, ErrorCode = record.ErrorCode };
            var failure = result.Outcome == FleetOutcome.Failed ? RolledBack(record) : null;
            return (result, result.Outcome == FleetOutcome.Rotated || (record.State == RotationState.Draining && entry.Member.Request.NoWait), failure);
        }
        catch (RotationException exception) when (request.IsScheduled && exception.Code is RotationErrorCode.LeaseHeld or RotationErrorCode.NotDue or RotationErrorCode.CredentialOnHold)
        {
            return (Failed(entry, FleetOutcome.Skipped, exception), false, null);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.Stopped)
        {
            return (Failed(entry, FleetOutcome.Stopped, exception), false, exception);
        }
        catch (RotationException exception)
        {
            return (Failed(entry, FleetOutcome.Failed, exception), false, exception);
        }
#pragma warning disable CA1031 // A defect in one rotation must not leave the others without an end; it reaches the caller as what it is.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return (Result(entry, FleetOutcome.Failed, $"Unexpected {exception.GetType().Name}."), false, exception);
        }
    }

    /// <summary>Asks the store what the plan needs to know of each.</summary>
    private async Task<List<FleetEntry>> EnterAsync(FleetRequest request, CancellationToken cancellationToken)
    {
        var found = new List<(FleetEntry Entry, DatabaseCredential? Credential)>();
        foreach (var member in request.Members)
        {
            var credential = await services.Store.FindAsync(member.Request.Name, member.Request.Scope, cancellationToken);
            // One that is not there fails in its own turn, with its own words.
            found.Add(credential is null
                ? (new(member, "", int.MaxValue), null)
                : (new(member, $"{credential.DatabaseType} {credential.Endpoints}", AtOnce(credential)), credential));
        }

        var known = found.Where(one => one.Credential is not null).Select(one => (one.Entry, Credential: one.Credential!)).ToList();
        foreach (var (entry, credential) in known)
        {
            if (known.TakeWhile(earlier => earlier.Entry != entry).FirstOrDefault(earlier => earlier.Entry.Excluded is null && Pairs.ArePaired(earlier.Credential, credential)) is { Entry: not null } partner)
                entry.Excluded = $"it is paired with '{partner.Entry.Name}', which is part of this run; run it on its own later";
            entry.After = [.. known.Where(other => other.Credential.Id != credential.Id && Uses(other, credential)).Select(other => other.Entry)];
        }

        foreach (var (entry, _) in known)
            entry.After = [.. entry.After.Where(other => other.Excluded is null && !other.After.Contains(entry))];
        return [.. found.Select(one => one.Entry)];
    }

    private static bool Uses((FleetEntry Entry, DatabaseCredential Credential) user, DatabaseCredential admin) =>
        user.Entry.Member.Request.Admin is null
        && user.Credential.Scope == admin.Scope
        && string.Equals(user.Credential.AdminCredentialName, admin.Name, StringComparison.OrdinalIgnoreCase);

    private int AtOnce(DatabaseCredential credential) => services.Engines.Get(credential.DatabaseType).RotationsAtOnce;

    private Task<bool> NoteAsync(FleetEntry entry, FleetResult result, Exception? failure, IFleetObserver observer)
    {
        _results[entry] = result;
        return observer.OnEndAsync(result, failure);
    }

    private static FleetOutcome Outcome(RotationRecord record) => record.State switch
    {
        RotationState.RolledBack or RotationState.RollbackFailed => FleetOutcome.Failed,
        RotationState.Running or RotationState.Draining => FleetOutcome.Draining,
        _ => FleetOutcome.Rotated,
    };

    private static string Tell(RotationRecord record) => record.State switch
    {
        RotationState.Draining => $"'{record.NewUsername}' is live; '{record.OldUsername}' is still to be retired.",
        RotationState.Retained => $"'{record.NewUsername}' is live; '{record.OldUsername}' is kept, disabled, until {record.RetainUntil:u}.",
        RotationState.RolledBack or RotationState.RollbackFailed => $"Undone; '{record.OldUsername}' is live.",
        _ => $"'{record.NewUsername}' is live.",
    };

    // Asked to rotate, and the old login is live: that is a failure, whichever way it is put.
    private static RotationException RolledBack(RotationRecord record) => new(
        record.ErrorCode ?? RotationErrorCode.Stopped, record.Message ?? Tell(record), $"Get-NebulaRotation -RotationId {record.RotationId} shows its stages.");

    private static FleetResult Failed(FleetEntry entry, FleetOutcome outcome, RotationException exception) =>
        Result(entry, outcome, exception.Message) with { ErrorCode = exception.Code, RecommendedAction = exception.RecommendedAction };

    private static FleetResult Skipped(FleetEntry entry, string message) => Result(entry, FleetOutcome.Skipped, message);

    private static FleetResult Result(FleetEntry entry, FleetOutcome outcome, string message) => new()
    {
        Credential = entry.Name,
        Scope = entry.Member.Request.Scope,
        Outcome = outcome,
        Message = message,
    };

    private static void Validate(FleetRequest request)
    {
        if (request.ThrottleLimit is < 1 or > FleetRequest.MaximumThrottleLimit)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"A throttle limit of {request.ThrottleLimit} is out of range: from 1 to {FleetRequest.MaximumThrottleLimit}.");
        if (request.FailureBudget < 1)
            throw new RotationException(RotationErrorCode.InvalidArgument, "A failure budget is 1 or more: 1 begins no more after the first failure.");
        Webhook.Validate(request.Webhook);
    }
}
