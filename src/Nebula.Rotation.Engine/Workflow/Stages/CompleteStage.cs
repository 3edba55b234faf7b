namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>The final diff of all facts; the record is closed.</summary>
internal static class CompleteStage
{
    public static async Task RunAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.Complete, "Comparing for the last time");
        var admin = await run.GetAdminAsync(cancellationToken);
        var current = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
        var message = $"{run.NewLogin} is live.";
        if (run.Document.SourceBeforeMove is { } before)
        {
            // What is missing now was there a moment ago (Retire proved it), or was dropped or renamed by somebody meanwhile: said, not undone.
            var diff = run.Planner.Compare(before, current, afterMove: true);
            var missing = diff.Missing;
            message = missing.Count == 0
                ? $"'{run.NewUsername}' is live and has all {Text.Count(diff.Compared, "fact")} of '{run.OldUsername}'."
                : $"'{run.NewUsername}' is live; since Retire began these are gone: {string.Join(", ", missing)}.";
            if (missing.Count > 0)
                run.Observer.OnMessage(RotationMessageKind.Warning, message);
        }

        await TargetStage.ForgetOldAsync(run, cancellationToken);
        run.Document.Prepared.Clear();
        run.Document.Final = current;
        await run.SaveDocumentAsync(cancellationToken);
        await run.ReportAsync(clock, StageStatus.Succeeded, message, cancellationToken, ("Facts", current.Facts.Count), ("FactsFingerprint", current.FingerprintFacts()));
        var retained = run.Settings.RetainFor > TimeSpan.Zero;
        if (!retained)
            await OldSecrets.EraseAsync(run, cancellationToken);
        var now = run.Time.GetUtcNow();
        await run.SetStateAsync(
            new()
            {
                Message = run.Document.DisabledBecause is null ? null : RetireStage.Gone(run),
                State = retained ? RotationState.Retained : RotationState.Completed,
                FinishedAt = now,
                RetainUntil = retained ? now + run.Settings.RetainFor : null,
            },
            cancellationToken);
    }
}
