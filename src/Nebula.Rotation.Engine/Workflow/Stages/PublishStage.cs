using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>Consumers adopt the new login, then the store names it: the commit point.</summary>
internal static class PublishStage
{
    public static async Task RunAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.Publish, $"Publishing '{run.NewUsername}'");
        if (run.SharesName)
        {
            run.Document.AnnouncedAt = run.Time.GetUtcNow();
            await run.SaveDocumentAsync(cancellationToken);
        }

        // The script last: it may be what makes somebody read what the targets hold.
        await TargetStage.PublishAsync(run, cancellationToken);
        if (run.Observer.Publishes)
        {
            await run.JournalAsync(RotationStage.Publish, Steps.Script, JournalPhase.Intent, cancellationToken);
            await PublishScriptAsync(run, run.Document.To, run.OldUsername, isRollback: false, cancellationToken);
            await run.JournalAsync(RotationStage.Publish, Steps.Script, JournalPhase.Done, cancellationToken);
        }

        await run.PublishVersionAsync(cancellationToken);
        await TargetStage.ForgetPreparedAsync(run, cancellationToken);
        await run.ReportAsync(
            clock,
            StageStatus.Succeeded,
            $"The store names '{run.NewUsername}', version {run.Document.To.Version}.",
            cancellationToken,
            ("Version", run.Document.To.Version),
            ("Targets", run.Document.Targets.Count),
            ("Script", run.Observer.Publishes));
    }

    /// <summary>Publishes the old login again where a script may have published the new one.</summary>
    public static async Task RollBackScriptAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (!run.Has(Steps.Script, JournalPhase.Intent))
            return;
        RequireScript(run);
        await PublishScriptAsync(run, run.Document.From, run.NewUsername, isRollback: true, cancellationToken);
        await run.JournalAsync(RotationStage.Publish, Steps.Script, JournalPhase.Undone, cancellationToken);
    }

    /// <summary>What a script has published only a script can take back: said before anything is touched.</summary>
    public static void RequireScript(RotationRun run)
    {
        if (run.Observer.Publishes || !run.Has(Steps.Script, JournalPhase.Intent))
            return;
        throw new RotationException(
            RotationErrorCode.PublishFailed,
            $"The rotation published '{run.NewUsername}' with a -Publish script, and this run has none to publish '{run.OldUsername}' again with.",
            $"'{run.OldUsername}' is live, and both logins are valid. Run Resume-NebulaRotation again with the same -Publish script.");
    }

    private static async Task PublishScriptAsync(
        RotationRun run, DocumentLogin login, string previous, bool isRollback, CancellationToken cancellationToken)
    {
        var context = new PublishContext
        {
            RotationId = run.Id,
            Credential = run.Credential with { Username = login.Username, Version = login.Version },
            Login = login.ToLogin(),
            PreviousUsername = previous,
            IsRollback = isRollback,
        };
        try
        {
            await run.Observer.PublishAsync(context, cancellationToken);
        }
        catch (Exception exception) when (exception is not (RotationException or OperationCanceledException))
        {
            throw new RotationException(
                // A script's own words may repeat what it was given; its exception is left behind for the same reason.
                RotationErrorCode.PublishFailed,
                $"'{login.Username}' was not published. {Redaction.Apply(exception.Message, context.Login.Password)}");
        }
    }
}
