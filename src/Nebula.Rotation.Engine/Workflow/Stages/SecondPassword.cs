using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>
/// What the stages do where one login takes two passwords at once, instead of two logins with one each. There is nothing to clone and no door to close,
/// and nobody can see who still uses the old password: only that whoever connected before the new one was told to anybody came with the old one.
/// </summary>
internal static class SecondPassword
{
    /// <summary>CreateLogin and ClonePermissions: the login takes the new password, too.</summary>
    public static async Task AddAsync(RotationRun run, ClonePlan plan, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.CreateLogin, $"Giving '{run.NewUsername}' a second password");
        await run.JournalAsync(RotationStage.CreateLogin, Steps.Login, JournalPhase.Intent, cancellationToken);

        // Asked first: a server may take the repetition of a password for a third one, and forget the first.
        var takes = await TakesAsync(run, run.Document.To, cancellationToken);
        if (!takes)
        {
            await StageFailure.AsAsync(
                RotationErrorCode.CreateLoginFailed,
                () => ChangeRunner.ApplyAsync(
                    run, RotationStage.CreateLogin, $"Giving '{run.NewUsername}' a second password", plan.CreateStatements, run.Document.To.ToLogin(), cancellationToken));
        }

        await run.JournalAsync(RotationStage.CreateLogin, Steps.Login, JournalPhase.Done, cancellationToken);
        await run.ReportAsync(
            clock,
            StageStatus.Succeeded,
            takes ? $"'{run.NewUsername}' takes both passwords already." : $"'{run.NewUsername}' takes a second password.",
            cancellationToken,
            ("Statements", takes ? 0 : plan.CreateStatements.Count));
        await run.ReportAsync(
            run.StartStage(RotationStage.ClonePermissions, "Nothing to give"),
            StageStatus.Skipped,
            $"'{run.NewUsername}' is the same login: it has what it had.",
            cancellationToken);
    }

    /// <summary>A part of Verify: whoever has the old password only must not be cut off.</summary>
    public static async Task RequireOldAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (!await TakesAsync(run, run.Document.From, cancellationToken))
            throw new RotationException(RotationErrorCode.VerificationFailed, $"'{run.OldUsername}' does not take its old password beside the new one.");
    }

    /// <summary>Retire: the login takes the new password and no other.</summary>
    public static async Task RemoveAsync(RotationRun run, bool endSessions, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.Retire, $"Taking the old password of '{run.OldUsername}' away");
        await run.JournalAsync(RotationStage.Retire, Steps.Drop, JournalPhase.Intent, cancellationToken);
        await StageFailure.AsAsync(RotationErrorCode.DropLoginFailed, () => KeepAsync(run, RotationStage.Retire, run.Document.To, cancellationToken));
        if (await TakesAsync(run, run.Document.From, cancellationToken))
            throw new RotationException(RotationErrorCode.DropLoginFailed, $"'{run.OldUsername}' still takes its old password.");
        await run.JournalAsync(RotationStage.Retire, Steps.Drop, JournalPhase.Done, cancellationToken);

        var ended = 0;
        if (endSessions)
        {
            var admin = await run.GetAdminAsync(cancellationToken);
            var told = await admin.EndSessionsAsync(run.OldUsername, SinceAnnounced(run), cancellationToken);
            ended = told.Count;
            run.Observer.OnMessage(RotationMessageKind.Warning, $"{Text.Count(ended, "session")} of '{run.OldUsername}' ended, as asked.");
            if (told.Unasked.Count > 0)
                run.Observer.OnMessage(RotationMessageKind.Warning, $"Sessions of '{run.OldUsername}' may be left where none could be ended: {told.Unknown}");
        }

        await run.ReportAsync(
            clock,
            StageStatus.Succeeded,
            $"'{run.OldUsername}' takes the new password only.",
            cancellationToken,
            ("SessionsEnded", ended),
            ("Retained", run.Settings.RetainFor > TimeSpan.Zero));
    }

    /// <summary>Before the flip: back to one password, the old one; for a reversal, back to what it found.</summary>
    public static async Task<string> WithdrawAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (run.Document.ReversedState == RotationState.Draining)
            return $"'{run.OldUsername}' takes both passwords, as before.";
        await KeepAsync(run, RotationStage.CreateLogin, run.Document.From, cancellationToken);
        return $"'{run.OldUsername}' takes its old password only.";
    }

    /// <summary>The sessions that must be ones of the old password: the others may be of either.</summary>
    public static LoginSessions OfOldPassword(RotationRun run, LoginSessions sessions)
    {
        var since = SinceAnnounced(run);
        var faithful = run.Time.GetUtcNow() - run.Document.FaithfulBefore;
        return sessions with { Seen = [.. sessions.Seen.Where(session => session.Age >= since && !(session.Age > faithful))] };
    }

    private static TimeSpan SinceAnnounced(RotationRun run) => run.Time.GetUtcNow() - run.Document.AnnouncedAt!.Value;

    private static async Task KeepAsync(RotationRun run, RotationStage stage, DocumentLogin login, CancellationToken cancellationToken)
    {
        var admin = await run.GetAdminAsync(cancellationToken);
        var snapshot = await admin.ReadSnapshotAsync(login.Username, cancellationToken);
        await ChangeRunner.ApplyAsync(
            run,
            stage,
            $"Leaving '{login.Username}' one password",
            run.Engine.DualPasswordPlanner!.PlanKeepPassword(snapshot),
            login.ToLogin(),
            cancellationToken);
    }

    private static async Task<bool> TakesAsync(RotationRun run, DocumentLogin login, CancellationToken cancellationToken)
    {
        var admin = await run.GetAdminAsync(cancellationToken);
        return await admin.KnowsPasswordAsync(login.ToLogin(), cancellationToken)
            ?? (await run.Engine.CheckLoginAsync(run.Credential, login.ToLogin(), null, cancellationToken)).All(check => check.Succeeded);
    }
}
