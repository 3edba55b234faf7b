using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>
/// Back to the old login, for a rotation whose new one has not been published by the store. Reads what is true before it acts: it may be called
/// in the middle of a stage, after a crash, or a second time.
/// </summary>
internal static class Rollback
{
    public static async Task RunAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (run.Has(Steps.Script, JournalPhase.Intent) || TargetStage.HasPublished(run))
        {
            var clock = run.StartStage(RotationStage.Publish, $"Publishing '{run.OldUsername}' again");
            await PublishStage.RollBackScriptAsync(run, cancellationToken);
            await TargetStage.RollBackAsync(run, cancellationToken);
            await run.ReportAsync(clock, StageStatus.RolledBack, $"'{run.OldUsername}' is published again.", cancellationToken);
        }

        if (run.Has(Steps.Login, JournalPhase.Intent))
        {
            var clock = run.StartStage(RotationStage.CreateLogin, $"Taking '{run.NewUsername}' back");
            await RequireWayBackAsync(run, cancellationToken);
            var message = run.SharesName ? await SecondPassword.WithdrawAsync(run, cancellationToken)
                : !run.Document.TargetBefore.Exists ? await RemoveAsync(run, cancellationToken)
                : run.Document is { SetsPassword: true, ReversedState: null or RotationState.Completed } ? await LeaveIdleAsync(run, cancellationToken)
                : await RestoreAsync(run, cancellationToken);
            await run.JournalAsync(RotationStage.CreateLogin, Steps.Login, JournalPhase.Undone, cancellationToken);
            await run.ReportAsync(clock, StageStatus.RolledBack, message, cancellationToken);
        }
    }

    /// <summary>Nothing is taken from the one login that works: where the store names another, the store or the database is older than it was.</summary>
    private static async Task RequireWayBackAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (run.SharesName || !await Agreement.IsRefusedAsync(run.Engine, run.Credential, run.Document.From, cancellationToken)
            || !await Agreement.LogsInAsync(run.Engine, run.Credential, run.Document.To, cancellationToken))
        {
            return;
        }

        throw new RotationException(
            RotationErrorCode.StoreDatabaseMismatch,
            $"The server refuses '{run.OldUsername}', which the store names as live, and lets '{run.NewUsername}' in: without it nobody could log in.",
            $"Nothing was taken away. Go forward to '{run.NewUsername}': Resume-NebulaRotation -Name '{run.Credential.Name}'.");
    }

    /// <summary>The login was there before: it gets back to where it was, blocked and apart, or draining.</summary>
    private static async Task<string> RestoreAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var admin = await run.GetAdminAsync(cancellationToken);
        var target = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
        if (!target.Exists || run.Document.TargetBefore.CanLogIn)
            return $"'{run.NewUsername}' is as it was.";

        var source = await admin.ReadSnapshotAsync(run.OldUsername, cancellationToken);
        IReadOnlyList<PlannedStatement> apart = run.Document.ReversedState == RotationState.Retained ? run.Planner.PlanEndOverlap(target, source) : [];
        await ChangeRunner.ApplyAsync(
            run, RotationStage.CreateLogin, $"Disabling '{run.NewUsername}'", [.. run.Planner.PlanBlock(target), .. apart], cancellationToken);
        return $"'{run.NewUsername}' is disabled again.";
    }

    private static async Task<string> RemoveAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var admin = await run.GetAdminAsync(cancellationToken);
        var login = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
        if (!login.Exists)
            return $"'{run.NewUsername}' was never made.";
        await RequireOursAsync(run, login, cancellationToken);
        var old = await WithdrawAsync(run, admin, login, cancellationToken);
        login = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
        var kept = run.Planner.ExplainKept(login);
        await ChangeRunner.ApplyAsync(
            run, RotationStage.CreateLogin, $"Dropping '{run.NewUsername}'", run.Planner.PlanDrop(login, old), cancellationToken);
        return kept is null ? $"'{run.NewUsername}' dropped." : $"'{run.NewUsername}' is kept, locked and with a password that nobody has: {kept}.";
    }

    /// <summary>The login was idle before, and what it was given since is no harm to one that nobody can log in to: it is idle again, without a password.</summary>
    private static async Task<string> LeaveIdleAsync(RotationRun run, CancellationToken cancellationToken)
    {
        await run.EndRetentionAsync(cancellationToken);
        var admin = await run.GetAdminAsync(cancellationToken);
        var login = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
        if (!login.Exists)
            return $"'{run.NewUsername}' is not there any more.";
        if (login.CanLogIn)
            await RequireOursAsync(run, login, cancellationToken);
        var old = await WithdrawAsync(run, admin, login, cancellationToken);
        login = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
        await ChangeRunner.ApplyAsync(
            run, RotationStage.CreateLogin, $"Leaving '{run.NewUsername}' idle", run.Planner.PlanIdle(login, old), cancellationToken);
        return $"'{run.NewUsername}' is idle again.";
    }

    /// <summary>Nobody logs in as the login any more, and what was made in its name is the old one's.</summary>
    private static async Task<LoginSnapshot> WithdrawAsync(RotationRun run, IAdminConnection admin, LoginSnapshot login, CancellationToken cancellationToken)
    {
        // Consumers that had adopted it have been sent back; their connections end in their own time, within the bound of this token.
        if (login.CanLogIn)
            await ChangeRunner.ApplyAsync(run, RotationStage.CreateLogin, $"Blocking '{run.NewUsername}'", run.Planner.PlanBlock(login), cancellationToken);
        while (await admin.ListSessionsAsync(run.NewUsername, cancellationToken) is { AreNone: false } sessions)
        {
            // Where nobody can be asked, nobody can be connected either, unless somebody was told of this login.
            if (sessions.Seen.Count == 0 && !run.HasTold)
                break;
            run.Progress(RotationStage.CreateLogin, $"Waiting for the sessions of '{run.NewUsername}' to end");
            await Task.Delay(run.Timing.PollInterval, run.Time, cancellationToken);
        }

        var old = await admin.ReadSnapshotAsync(run.OldUsername, cancellationToken);
        foreach (var step in run.Planner.PlanMove(login, old))
            await ChangeRunner.ApplyAsync(run, RotationStage.CreateLogin, step.Description, step.Statements, run.Document.From.ToLogin(), cancellationToken);
        return old;
    }

    /// <summary>
    /// A login is ours when this very run saw its creation committed, or when the journaled password opens it. Anything else of that name is
    /// somebody's, and is left alone.
    /// </summary>
    private static async Task RequireOursAsync(RotationRun run, LoginSnapshot login, CancellationToken cancellationToken)
    {
        if (run.Has(Steps.Login, JournalPhase.Done))
            return;
        var admin = await run.GetAdminAsync(cancellationToken);
        var isKnown = await admin.KnowsPasswordAsync(run.Document.To.ToLogin(), cancellationToken);
        IReadOnlyList<CredentialTestResult> checks =
            isKnown is null ? await run.Engine.CheckLoginAsync(run.Credential, run.Document.To.ToLogin(), null, cancellationToken) : [];
        if (isKnown == true || checks.Any(check => check.Succeeded))
        {
            // Written down, since the login is about to be blocked and could not prove itself a second time.
            await run.JournalAsync(RotationStage.ClonePermissions, Steps.Login, JournalPhase.Done, cancellationToken);
            return;
        }

        throw new RotationException(
            RotationErrorCode.RollbackFailed,
            $"A login '{run.NewUsername}' exists, and the journaled password does not open it: it is left alone. {(checks.Count > 0 ? checks[0].Message : "")}".TrimEnd(),
            $"'{run.OldUsername}' is live. If '{run.NewUsername}' is nobody's, drop it by hand, then run Resume-NebulaRotation.");
    }
}
