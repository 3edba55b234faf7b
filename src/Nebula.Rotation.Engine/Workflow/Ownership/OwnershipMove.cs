using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Engine.Workflow.Stages;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Ownership;

/// <summary>The work of a change of owner, one object a transaction, each journaled.</summary>
internal static class OwnershipMove
{
    /// <summary>Rounds of reading and moving: the application makes objects while others move, though hardly more than twice.</summary>
    private const int Rounds = 5;

    private const int NamedFacts = 5;

    private const string ReleaseStep = "release";

    public static int Owned(LoginSnapshot role) => role.Facts.Count(fact => fact.IsExclusive);

    /// <summary>Of a role that was there before, only what was moved to it goes back. Null is a role of ours: all of it.</summary>
    public static IReadOnlyList<PlannedStep> Returnable(IReadOnlyList<PlannedStep> steps, IReadOnlySet<string>? moved) =>
        moved is null ? steps : [.. steps.Where(step => moved.Contains(step.Key))];

    public static async Task<OwnershipChange> ForwardAsync(RotationRun run, IOwnershipPlanner planner, string mark)
    {
        using var working = CancellationTokenSource.CreateLinkedTokenSource(run.LeaseLost, run.Stop);
        var token = working.Token;
        var admin = await run.GetAdminAsync(token);
        var moved = 0;
        for (var round = 1; ; round++)
        {
            var reading = await admin.ReadOwnershipAsync(run.OldUsername, run.NewUsername, token);
            await PrepareOwnerAsync(run, planner.PlanOwner(reading.Login, reading.Owner, mark), token);
            var steps = planner.PlanMove(reading.Login, reading.Owner);
            if (steps.Count == 0)
                break;
            if (round > Rounds)
                throw StillMaking(run);
            moved += await MoveAsync(run, steps, token);
        }

        var login = await admin.ReadSnapshotAsync(run.OldUsername, token);
        var owner = await admin.ReadSnapshotAsync(run.NewUsername, token);
        var lost = run.Document.Source.Facts.Where(fact => fact.IsExclusive).Except(owner.Facts).ToList();
        if (lost.Count > 0)
        {
            // Nothing is lost by a move: it was dropped or renamed meanwhile, by somebody who may.
            run.Observer.OnMessage(
                RotationMessageKind.Warning,
                $"'{run.NewUsername}' does not own these, which were dropped or renamed meanwhile: {string.Join(", ", lost.Take(NamedFacts))}{(lost.Count > NamedFacts ? ", …" : "")}");
        }

        return await CompleteAsync(
            run, login, moved, $"{Text.Count(moved, "object")} moved to '{run.NewUsername}', of which '{run.OldUsername}' is a member; later rotations move none of them.", token);
    }

    public static async Task<OwnershipChange> BackAsync(RotationRun run, IOwnershipPlanner planner, string mark, OwnershipHistory history)
    {
        using var working = CancellationTokenSource.CreateLinkedTokenSource(run.LeaseLost, run.Stop);
        var token = working.Token;
        var admin = await run.GetAdminAsync(token);
        var moved = 0;
        OwnershipReading reading;
        var ours = true;
        for (var round = 1; ; round++)
        {
            reading = await admin.ReadOwnershipAsync(run.NewUsername, run.OldUsername, token);
            ours = planner.IsMarked(reading.Owner, mark);
            var keys = ours ? null : await history.MovedAsync(run.Store, run.OldUsername, token);
            var steps = Returnable(planner.PlanReturn(reading.Login, reading.Owner), keys);
            if (steps.Count == 0)
                break;
            if (round > Rounds)
                throw StillMaking(run);
            moved += await MoveAsync(run, steps, token);
        }

        var fate = await ReleaseAsync(run, planner, reading, ours, await history.OldestAsync(run.Store, run.OldUsername, token), token);
        foreach (var record in history.Conversions(run.OldUsername))
            await run.CloseOtherAsync(record, RotationState.Undone, token);
        var login = await admin.ReadSnapshotAsync(run.NewUsername, token);
        return await CompleteAsync(run, login, moved, $"{Text.Count(moved, "object")} moved back to '{run.NewUsername}'. {fate}", token);
    }

    /// <summary>A run that ends early: closes its record, and says that nothing is broken.</summary>
    public static async Task<RotationException> FailAsync(RotationRun run, Exception exception)
    {
        if (run.LeaseLost.IsCancellationRequested || exception is RotationException { Code: RotationErrorCode.LeaseLost })
        {
            return new(
                RotationErrorCode.LeaseLost,
                $"Another runner has taken over '{run.Credential.Name}', since this one was away longer than its lease.",
                "Nothing more was changed here. Get-NebulaRotation shows what the other one does.",
                exception is RotationException ? exception : null);
        }

        var stopped = exception is OperationCanceledException && run.Stop.IsCancellationRequested;
        var code = exception is RotationException { Code: var known } ? known : stopped ? RotationErrorCode.Stopped : RotationErrorCode.DatabaseError;
        var reason = stopped ? "Stopped on request." : Redaction.Apply(exception.Message, run.AdminLogin.Password);
        const string Now = "What has moved has moved, the rest is where it was, and the login can use both.";
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(run.LeaseLost);
        bound.CancelAfter(run.Timing.CompensationTimeout);
        try
        {
            if (run.Current is { } clock)
                await run.ReportAsync(clock, stopped ? StageStatus.Skipped : StageStatus.Failed, $"{reason} {Now}", bound.Token);
            await run.SetStateAsync(
                new() { State = RotationState.Incomplete, FinishedAt = run.Time.GetUtcNow(), ErrorCode = code, Message = reason }, bound.Token);
        }
        catch (Exception unwritten) when (unwritten is RotationException or OperationCanceledException)
        {
            // The record stays open, and the next run takes it up; what failed first is what the caller must hear.
            run.Observer.OnMessage(RotationMessageKind.Important, $"{run.Credential.Name}: the store did not take the end of this run: {unwritten.Message}");
        }

        if (stopped)
            run.Observer.OnMessage(RotationMessageKind.Important, $"{run.Credential.Name}: stopped. {Now}");
        return new(code, $"{reason} {Now}", (exception as RotationException)?.RecommendedAction ?? "Run the same command again: it goes on.", (exception as RotationException)?.InnerException);
    }

    private static async Task PrepareOwnerAsync(RotationRun run, IReadOnlyList<PlannedStep> steps, CancellationToken cancellationToken)
    {
        if (steps.Count == 0)
            return;
        var clock = run.StartStage(RotationStage.ClonePermissions, $"Making '{run.NewUsername}' ready");
        foreach (var step in steps)
        {
            await run.JournalAsync(RotationStage.ClonePermissions, step.Key, JournalPhase.Intent, cancellationToken);
            await ChangeRunner.ApplyAsync(run, RotationStage.ClonePermissions, step.Description, step.Statements, cancellationToken);
            await run.JournalAsync(RotationStage.ClonePermissions, step.Key, JournalPhase.Done, cancellationToken);
        }

        var statements = steps.Sum(step => step.Statements.Count);
        var message = $"'{run.NewUsername}' can do for its objects what '{run.OldUsername}' can, which is its member ({Text.Count(statements, "statement")}).";
        await run.ReportAsync(clock, StageStatus.Succeeded, message, cancellationToken, ("Statements", statements));
        run.Observer.OnOwnership(Change(run, clock, OwnershipStep.OwnerRole, message));
    }

    private static async Task<int> MoveAsync(RotationRun run, IReadOnlyList<PlannedStep> steps, CancellationToken cancellationToken)
    {
        var stage = run.StartStage(RotationStage.MoveOwnership, $"Moving {Text.Count(steps.Count, "object")} to '{run.NewUsername}'");
        for (var index = 0; index < steps.Count; index++)
        {
            // Any point is a safe one: what has moved has moved, and whoever goes on reads what is left.
            var step = steps[index];
            var clock = new StageClock(RotationStage.MoveOwnership, run.Time);
            run.Progress(RotationStage.MoveOwnership, step.Description, 100 * index / steps.Count);
            await run.JournalAsync(RotationStage.MoveOwnership, step.Key, JournalPhase.Intent, cancellationToken);
            await ChangeRunner.ApplyAsync(run, RotationStage.MoveOwnership, step.Description, step.Statements, cancellationToken);
            await run.JournalAsync(RotationStage.MoveOwnership, step.Key, JournalPhase.Done, cancellationToken);
            run.Observer.OnOwnership(Change(run, clock, OwnershipStep.Move, step.Description, step.Ownership));
        }

        await run.ReportAsync(stage, StageStatus.Succeeded, $"{Text.Count(steps.Count, "object")} moved to '{run.NewUsername}'.", cancellationToken, ("Moved", steps.Count));
        return steps.Count;
    }

    /// <summary>Drops a role of ours that owns nothing more; takes from another one what it was given.</summary>
    private static async Task<string> ReleaseAsync(
        RotationRun run, IOwnershipPlanner planner, OwnershipReading reading, bool ours, RotationDocument? oldest, CancellationToken cancellationToken)
    {
        if (!reading.Owner.Exists)
            return $"'{run.OldUsername}' is gone.";
        var statements = ours ? planner.PlanDrop(reading.Login, reading.Owner)
            : oldest is null ? []
            : planner.PlanRelease(reading.Login, reading.Owner, oldest.TargetBefore);
        var message = ours ? $"'{run.OldUsername}' dropped." : $"'{run.OldUsername}' was there before and stays, with what is its own.";
        var clock = run.StartStage(RotationStage.ClonePermissions, ours ? $"Dropping '{run.OldUsername}'" : $"Taking back what '{run.OldUsername}' was given");
        await run.JournalAsync(RotationStage.ClonePermissions, ReleaseStep, JournalPhase.Intent, cancellationToken);
        await StageFailure.AsAsync(
            RotationErrorCode.DropLoginFailed, () => ChangeRunner.ApplyAsync(run, RotationStage.ClonePermissions, message, statements, cancellationToken));
        await run.JournalAsync(RotationStage.ClonePermissions, ReleaseStep, JournalPhase.Done, cancellationToken);
        await run.ReportAsync(clock, StageStatus.Succeeded, message, cancellationToken);
        run.Observer.OnOwnership(Change(run, clock, OwnershipStep.OwnerRole, message));
        return message;
    }

    private static async Task<OwnershipChange> CompleteAsync(RotationRun run, LoginSnapshot login, int moved, string message, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.Complete, "Writing down what the login has now");
        // What drift is measured against from now on.
        run.Document.Final = login;
        await run.SaveDocumentAsync(cancellationToken);
        await run.ReportAsync(clock, StageStatus.Succeeded, message, cancellationToken, ("Moved", moved));
        await run.SetStateAsync(new() { State = RotationState.Completed, FinishedAt = run.Time.GetUtcNow() }, cancellationToken);
        return Change(run, clock, OwnershipStep.Result, message) with { StartedAt = run.Record.StartedAt, Duration = run.Time.GetUtcNow() - run.Record.StartedAt };
    }

    private static OwnershipChange Change(RotationRun run, StageClock clock, OwnershipStep step, string message, PermissionFact? ownership = null) => new()
    {
        RotationId = run.Id,
        Credential = run.Credential.Name,
        Scope = run.Credential.Scope,
        DatabaseType = run.Credential.DatabaseType,
        Step = step,
        Status = StageStatus.Succeeded,
        Database = ownership?.Database,
        ObjectType = ownership?.ObjectType,
        ObjectName = ownership?.ObjectName,
        OldOwner = run.OldUsername,
        NewOwner = run.NewUsername,
        StartedAt = clock.StartedAt,
        Duration = clock.Elapsed,
        Message = message,
    };

    private static RotationException StillMaking(RotationRun run) => new(
        RotationErrorCode.DatabaseError,
        $"'{run.OldUsername}' came to own new objects {Rounds} times while they were moved.",
        "Find out who makes them, then run the same command again.");
}
