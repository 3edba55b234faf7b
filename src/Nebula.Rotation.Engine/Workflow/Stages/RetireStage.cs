using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>
/// Takes one login out of service in favour of another: closes the door, looks once more, applies what was granted meanwhile, moves what only one
/// can have, and drops it, leaves it
/// idle for its next turn, or keeps it disabled. Every part asks the database what is true before it acts, so it can be begun again anywhere.
/// </summary>
internal static class RetireStage
{
    /// <summary>Rounds of reading and moving: an object can be made while others move, though hardly more than twice.</summary>
    private const int Rounds = 5;

    /// <summary>False when sessions of the old login came back before the door was closed: it is open again, and the drain goes on.</summary>
    public static async Task<bool> RunAsync(RotationRun run, bool endSessions, CancellationToken cancellationToken)
    {
        if (run.SharesName)
        {
            await SecondPassword.RemoveAsync(run, endSessions, cancellationToken);
            return true;
        }

        var clock = run.StartStage(RotationStage.Retire, $"Retiring '{run.OldUsername}'");
        var admin = await run.GetAdminAsync(cancellationToken);
        var old = await admin.ReadSnapshotAsync(run.OldUsername, cancellationToken);
        if (!old.Exists)
        {
            await run.ReportAsync(clock, StageStatus.Succeeded, $"'{run.OldUsername}' is gone already.", cancellationToken);
            return true;
        }

        await RequireLiveAsync(run, cancellationToken);
        if (!await CloseDoorAsync(run, admin, old, endSessions, cancellationToken))
            return false;

        // Read once for all three: each reads again only after what it has changed itself.
        var logins = await CatchUpAsync(run, admin, await Logins.ReadAsync(run, admin, cancellationToken), cancellationToken);
        if (run.Document.SourceBeforeMove is null)
        {
            run.Document.SourceBeforeMove = logins.Old;
            await run.SaveDocumentAsync(cancellationToken);
        }

        (var moved, logins) = await MoveAsync(run, admin, logins, cancellationToken);
        Prove(run, logins);

        var retained = run.Settings.RetainFor > TimeSpan.Zero;
        if (retained)
            await EndOverlapAsync(run, admin, cancellationToken);
        else
            moved += await PutAwayAsync(run, wasKept: false, cancellationToken);

        await run.ReportAsync(
            clock,
            StageStatus.Succeeded,
            (moved > 0 ? $"{Text.Count(moved, "object")} moved to '{run.NewUsername}'; " : "")
            + (retained ? $"'{run.OldUsername}' is disabled and kept." : Gone(run)),
            cancellationToken,
            ("Moved", moved),
            ("Retained", retained));
        return true;
    }

    /// <summary>The old login is not touched while the one that the store names is refused: then the database is older than the store, or somebody was at work.</summary>
    public static async Task RequireLiveAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var live = await run.Store.GetCurrentLoginAsync(run.Credential.Id, cancellationToken);
        var checks = await Agreement.CheckAsync(run.Engine, run.Credential, live.Login, cancellationToken);
        var credential = run.Credential with { Username = live.Login.Username, Version = live.Version };
        if (await new Agreement(run.Services).FindAsync(credential, live.Login, checks, run.AdminLogin, cancellationToken) is { } found)
            throw new RotationException(found.Code, $"{found.Message} '{run.OldUsername}' was left as it is.", found.RecommendedAction);
    }

    /// <summary>What has become of the old login when it has been put away.</summary>
    public static string Gone(RotationRun run) =>
        run.SharesName ? $"The old password of '{run.OldUsername}' is gone."
        : run.TakesTurns ? $"'{run.OldUsername}' is idle until its next turn."
        : run.Document.DisabledBecause is { } reason ? $"'{run.OldUsername}' was not dropped but disabled for good, without a password: {reason.TrimEnd('.')}."
        : run.Document.KeptBecause is { } use ? $"'{run.OldUsername}' is kept, locked and with a password that nobody has: {use}."
        : $"'{run.OldUsername}' dropped.";

    /// <summary>
    /// The last of a login that is blocked: dropped, disabled for good where the admin cannot drop it, or left idle for its next turn. When it was kept for a while, what it had passed on is the live one's since
    /// Retire, and whatever the live one has not any more was taken on purpose: then it is not given again.
    /// </summary>
    public static async Task<int> PutAwayAsync(RotationRun run, bool wasKept, CancellationToken cancellationToken)
    {
        // The server forgot the old password at Retire already.
        if (run.SharesName)
            return 0;

        var (step, verb) = run.TakesTurns ? (Steps.Idle, "left idle") : (Steps.Drop, "dropped");
        var activity = run.TakesTurns ? $"Leaving '{run.OldUsername}' idle" : $"Dropping '{run.OldUsername}'";
        await run.JournalAsync(RotationStage.Retire, step, JournalPhase.Intent, cancellationToken);
        var moved = 0;
        for (var round = 1; ; round++)
        {
            var admin = await run.GetAdminAsync(cancellationToken);
            var old = await admin.ReadSnapshotAsync(run.OldUsername, cancellationToken);
            if (!old.Exists)
                break;
            if (old.Blockers.Count > 0)
            {
                throw new RotationException(
                    RotationErrorCode.DropLoginFailed, $"'{run.OldUsername}' cannot be {verb}: {string.Join("; ", old.Blockers)}");
            }

            var current = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
            var logins = new Logins(old, current);
            var disable = run.TakesTurns ? null : run.Planner.PlanDisable(old, current);
            if ((run.TakesTurns || disable?.Reason is not null) && run.Planner.PlanMove(old, current).Count > 0)
            {
                // No drop fails here because the login has come to own something since it was read.
                if (round == Rounds)
                    throw new RotationException(RotationErrorCode.DropLoginFailed, $"'{run.OldUsername}' cannot be {verb}: it comes to own new objects.");
                moved += (await MoveAsync(run, admin, logins, cancellationToken)).Moved;
                continue;
            }

            if (disable?.Reason is { } reason)
            {
                await DisableAsync(run, disable, reason, cancellationToken);
                break;
            }

            try
            {
                if (wasKept)
                    current = current with { Facts = [.. current.Facts, .. run.Planner.Compare(old, current, afterMove: false).Missing.Where(fact => fact.Grantee is not null)] };
                var statements = run.TakesTurns ? run.Planner.PlanIdle(old, current) : run.Planner.PlanDrop(old, current);
                await ChangeRunner.ApplyAsync(run, RotationStage.Retire, activity, statements, cancellationToken);
                run.Document.KeptBecause = run.TakesTurns ? null : run.Planner.ExplainKept(old);
                break;
            }
            catch (RotationException exception) when (exception.Code == RotationErrorCode.DatabaseError && round < Rounds)
            {
                // Something came to depend on the login since it was read. The unit was taken back whole: read again, move, and try again.
                run.Observer.OnMessage(RotationMessageKind.Verbose, exception.Message);
                var before = moved;
                moved += (await MoveAsync(run, admin, await Logins.ReadAsync(run, admin, cancellationToken), cancellationToken)).Moved;
                if (moved != before)
                    continue;
                // What could not be had for a lock may be had later; what the admin may not do, never.
                if (disable is null || exception.InnerException is TransientDatabaseException)
                    throw new RotationException(RotationErrorCode.DropLoginFailed, exception.Message, exception.RecommendedAction, exception);
                // What the admin reads did not tell, the server does.
                await DisableAsync(run, disable, exception.Message, cancellationToken);
                break;
            }
        }

        // Before the outcome: who goes on from there has to know what became of it.
        if (run.Document.KeptBecause is not null)
            await run.SaveDocumentAsync(cancellationToken);
        await run.JournalAsync(RotationStage.Retire, step, JournalPhase.Done, cancellationToken);
        return moved;
    }

    private static async Task DisableAsync(RotationRun run, DisablePlan plan, string reason, CancellationToken cancellationToken)
    {
        run.Document.DisabledBecause = reason;
        await run.SaveDocumentAsync(cancellationToken);
        await run.JournalAsync(RotationStage.Retire, Steps.Disable, JournalPhase.Intent, cancellationToken);
        await StageFailure.AsAsync(
            RotationErrorCode.DropLoginFailed,
            () => ChangeRunner.ApplyAsync(run, RotationStage.Retire, $"Disabling '{run.OldUsername}' for good", plan.Statements, cancellationToken));
        await run.JournalAsync(RotationStage.Retire, Steps.Disable, JournalPhase.Done, cancellationToken);
        run.Observer.OnMessage(RotationMessageKind.Warning, Gone(run));
    }

    private static async Task<bool> CloseDoorAsync(
        RotationRun run, IAdminConnection admin, LoginSnapshot old, bool endSessions, CancellationToken cancellationToken)
    {
        await run.JournalAsync(RotationStage.Retire, Steps.Block, JournalPhase.Intent, cancellationToken);
        if (old.CanLogIn)
            await ChangeRunner.ApplyAsync(run, RotationStage.Retire, $"Blocking '{run.OldUsername}'", run.Planner.PlanBlock(old), cancellationToken);
        await run.JournalAsync(RotationStage.Retire, Steps.Block, JournalPhase.Done, cancellationToken);

        var sessions = await admin.ListSessionsAsync(run.OldUsername, cancellationToken);
        if (sessions.AreNone)
            return true;
        if (endSessions)
        {
            var ended = await admin.EndSessionsAsync(run.OldUsername, null, cancellationToken);
            run.Observer.OnMessage(RotationMessageKind.Warning, $"{Text.Count(ended.Count, "session")} of '{run.OldUsername}' ended, as asked.");
            if (ended.Unasked.Count > 0)
                run.Observer.OnMessage(RotationMessageKind.Warning, $"Sessions of '{run.OldUsername}' may be left where none could be ended: {ended.Unknown}");
            return true;
        }

        run.Observer.OnMessage(
            RotationMessageKind.Verbose,
            sessions.Unasked.Count > 0
                ? $"'{run.OldUsername}' is let in again, since it is not known whether it has sessions: {sessions.Unknown}"
                : $"'{run.OldUsername}' is let in again: {Text.Count(sessions.Seen.Count, "session")} came meanwhile.");
        await ChangeRunner.ApplyAsync(
            run,
            RotationStage.Retire,
            $"Unblocking '{run.OldUsername}'",
            run.Planner.PlanUnblock(old with { CanLogIn = false }),
            run.Document.From.ToLogin(),
            cancellationToken);
        await run.JournalAsync(RotationStage.Retire, Steps.Block, JournalPhase.Undone, cancellationToken);
        return false;
    }

    /// <summary>
    /// Gives the new login what the old one was granted since it was cloned. What the new one has beyond that stays: it is live, and somebody
    /// gave it that on purpose.
    /// </summary>
    private static async Task<Logins> CatchUpAsync(RotationRun run, IAdminConnection admin, Logins logins, CancellationToken cancellationToken)
    {
        var diff = run.Planner.Compare(logins.Old, logins.New, afterMove: false);
        if (diff.Missing.Count == 0)
            return logins;
        var plan = run.Planner.PlanClone(logins.Old with { Facts = [.. logins.Old.Facts, .. diff.Extra] }, logins.New);
        await ChangeRunner.ApplyAsync(
            run, RotationStage.Retire, "Applying what was granted meanwhile", [.. plan.CreateStatements, .. plan.CloneStatements], run.Document.To.ToLogin(), cancellationToken);
        return await Logins.ReadAsync(run, admin, cancellationToken);
    }

    /// <returns>How many objects have moved, and what the two logins have after that.</returns>
    private static async Task<(int Moved, Logins Logins)> MoveAsync(RotationRun run, IAdminConnection admin, Logins logins, CancellationToken cancellationToken)
    {
        var moved = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var steps = run.Planner.PlanMove(logins.Old, logins.New);
            if (steps.Count == 0)
                return (moved, logins);
            for (var index = 0; index < steps.Count; index++)
            {
                // A safe point: what has moved has moved, and whoever goes on reads what is left.
                run.Stop.ThrowIfCancellationRequested();
                var step = steps[index];
                run.Progress(RotationStage.Retire, step.Description, 100 * index / steps.Count);
                await run.JournalAsync(RotationStage.Retire, step.Key, JournalPhase.Intent, cancellationToken);
                await StageFailure.AsAsync(
                    RotationErrorCode.DropLoginFailed,
                    () => ChangeRunner.ApplyAsync(run, RotationStage.Retire, step.Description, step.Statements, run.Document.To.ToLogin(), cancellationToken));
                await run.JournalAsync(RotationStage.Retire, step.Key, JournalPhase.Done, cancellationToken);
                moved++;
            }

            logins = await Logins.ReadAsync(run, admin, cancellationToken);
        }

        throw new RotationException(
            RotationErrorCode.DropLoginFailed,
            $"'{run.OldUsername}' came to own new objects {Rounds} times while they were moved.",
            "Find out who makes them, then run Resume-NebulaRotation.");
    }

    /// <summary>Before the old login loses anything: the new one has it all.</summary>
    private static void Prove(RotationRun run, Logins logins)
    {
        var missing = run.Planner.Compare(logins.Old, logins.New, afterMove: true).Missing;
        if (missing.Count > 0)
        {
            throw new RotationException(
                RotationErrorCode.DropLoginFailed, $"Not retired: {VerifyStage.Describe(new(missing, []))}.");
        }
    }

    private static async Task EndOverlapAsync(RotationRun run, IAdminConnection admin, CancellationToken cancellationToken)
    {
        await run.JournalAsync(RotationStage.Retire, Steps.EndOverlap, JournalPhase.Intent, cancellationToken);
        var (old, current) = await Logins.ReadAsync(run, admin, cancellationToken);
        await ChangeRunner.ApplyAsync(
            run, RotationStage.Retire, "Ending the overlap", run.Planner.PlanEndOverlap(old, current), cancellationToken);
        await run.JournalAsync(RotationStage.Retire, Steps.EndOverlap, JournalPhase.Done, cancellationToken);
    }

    /// <summary>What both logins have, as of one moment.</summary>
    private sealed record Logins(LoginSnapshot Old, LoginSnapshot New)
    {
        public static async Task<Logins> ReadAsync(RotationRun run, IAdminConnection admin, CancellationToken cancellationToken) =>
            new(await admin.ReadSnapshotAsync(run.OldUsername, cancellationToken), await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken));
    }
}
