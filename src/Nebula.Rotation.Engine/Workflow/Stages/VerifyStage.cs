using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>The proof: the new login logs in on every endpoint, runs the user's query, and lacks nothing that the old one has.</summary>
internal static class VerifyStage
{
    private const int NamedFacts = 5;

    public static async Task RunAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.Verify, $"Logging in as '{run.NewUsername}'");
        var checks = await LogInAsync(run, cancellationToken);

        if (run.SharesName)
        {
            await SecondPassword.RequireOldAsync(run, cancellationToken);
            await run.ReportAsync(
                clock,
                StageStatus.Succeeded,
                $"'{run.NewUsername}' logs in on {Text.Count(checks.Count, "endpoint")} with either password.",
                cancellationToken,
                ("Endpoints", checks.Count));
            return;
        }

        run.Progress(RotationStage.Verify, "Comparing what both logins have");
        var admin = await run.GetAdminAsync(cancellationToken);
        var source = await ReadSourceAsync(run, admin, cancellationToken);
        var target = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
        var diff = run.Planner.Compare(source, target, afterMove: false);
        if (!diff.IsEmpty)
        {
            // The application may have been granted something since the plan was made. Once more from what is true now; what the planner cannot
            // reproduce is still missing afterwards.
            var plan = run.Planner.PlanClone(source, target);
            await ChangeRunner.ApplyAsync(
                run, RotationStage.Verify, "Applying what was granted meanwhile", [.. plan.CreateStatements, .. plan.CloneStatements], run.Document.To.ToLogin(), cancellationToken);
            source = await ReadSourceAsync(run, admin, cancellationToken);
            target = await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken);
            diff = run.Planner.Compare(source, target, afterMove: false);
        }

        if (!diff.IsEmpty)
            throw new RotationException(RotationErrorCode.VerificationFailed, $"'{run.NewUsername}' is not the equal of '{run.OldUsername}': {Describe(diff)}.");

        await run.ReportAsync(
            clock,
            StageStatus.Succeeded,
            $"'{run.NewUsername}' logs in on {Text.Count(checks.Count, "endpoint")}; {Text.Count(diff.Compared, "fact")} compared, none missing.",
            cancellationToken,
            ("Endpoints", checks.Count),
            ("Facts", diff.Compared),
            ("Missing", 0));
    }

    /// <summary>What the new login has to have. Where somebody has dropped the old one meanwhile, it is what that one had: nothing is not the equal of it.</summary>
    public static async Task<LoginSnapshot> ReadSourceAsync(RotationRun run, IAdminConnection admin, CancellationToken cancellationToken)
    {
        var source = await admin.ReadSnapshotAsync(run.OldUsername, cancellationToken);
        return source.Exists ? source : run.Document.Source;
    }

    public static string Describe(SnapshotDiff diff)
    {
        var parts = new List<string>(2);
        if (diff.Missing.Count > 0)
            parts.Add($"it lacks {List(diff.Missing)}");
        if (diff.Extra.Count > 0)
            parts.Add($"it has too much: {List(diff.Extra)}");
        return string.Join("; ", parts);
    }

    /// <summary>An endpoint may learn of the login a moment later than the one that made it; the wait for that is bounded.</summary>
    private static async Task<IReadOnlyList<CredentialTestResult>> LogInAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var started = run.Time.GetTimestamp();
        // A pooler with a list of its own learns of the login in Publish, which proves it there.
        var credential = run.Document.Targets.Any(target => target.Kind == PublishTargetKind.PgBouncerUserList) ? run.Engine.WithoutPooler(run.Credential) : run.Credential;
        var madeAt = (await run.GetAdminAsync(cancellationToken)).Endpoint;
        while (true)
        {
            var checks = await run.Engine.CheckLoginAsync(credential, run.Document.To.ToLogin(), run.Settings.VerifyQuery, cancellationToken);
            var failed = checks.FirstOrDefault(check => !check.Succeeded);
            if (failed is null)
                return checks;

            // Where the login was made there is nothing to wait for.
            if (checks.Any(check => !check.Succeeded && check.Endpoint == madeAt) || run.Time.GetElapsedTime(started) + run.Timing.RetryPause > run.Timing.VerifyBudget)
            {
                throw new RotationException(
                    RotationErrorCode.VerificationFailed,
                    $"'{run.NewUsername}' cannot be used"
                    + (checks.Count > 1 ? $" at {string.Join(", ", from check in checks where !check.Succeeded select check.Endpoint)}" : "")
                    + $": {failed.Message}");
            }

            run.Progress(RotationStage.Verify, $"Waiting for {failed.Endpoint} to know '{run.NewUsername}'");

            await Task.Delay(run.Timing.RetryPause, run.Time, cancellationToken);
        }
    }

    private static string List(IReadOnlyList<PermissionFact> facts) =>
        string.Join(", ", facts.Take(NamedFacts)) + (facts.Count > NamedFacts ? $" and {facts.Count - NamedFacts} more" : "");
}
