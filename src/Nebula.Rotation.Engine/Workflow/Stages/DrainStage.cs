using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>
/// Both logins stay valid; watches the old one's sessions until none is left and none has been seen for the quiet time. A session that comes and
/// goes between two looks is not seen: the looks are frequent and the quiet time is long, and Retire looks once more behind a closed door.
/// </summary>
internal static class DrainStage
{
    private const int NamedHolders = 3;

    public static async Task<DrainOutcome> RunAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.Drain, $"Waiting for the sessions of '{run.OldUsername}' to end");
        if (run.Settings.NoWait)
        {
            await run.ReportAsync(
                clock, StageStatus.Skipped, $"Not waited for, as asked. Both logins are valid; Resume-NebulaRotation finishes.", cancellationToken);
            return DrainOutcome.Kept;
        }

        var started = run.Time.GetTimestamp();
        var quietSince = started;
        var most = 0;
        while (true)
        {
            var sessions = await LookAsync(run, cancellationToken);
            var now = run.Time.GetTimestamp();
            if (sessions is null || sessions.Count > 0)
                quietSince = now;
            most = Math.Max(most, sessions?.Count ?? 0);

            var elapsed = run.Time.GetElapsedTime(started, now);
            var quiet = run.Time.GetElapsedTime(quietSince, now);
            if (sessions is { Count: 0 } && quiet >= run.Settings.GracePeriod)
            {
                await run.ReportAsync(
                    clock,
                    StageStatus.Succeeded,
                    $"No session of '{run.OldUsername}' is left; quiet for {run.Settings.GracePeriod.TotalSeconds:0.#} s.",
                    cancellationToken,
                    ("SessionsSeen", most),
                    ("SessionsLeft", 0));
                return DrainOutcome.Drained;
            }

            // A drain that is quiet already is not timed out: what is missing is time, not a consumer.
            var left = sessions is null ? "the server cannot be asked" : Holders(sessions);
            if (elapsed >= run.Settings.DrainTimeout && sessions is not { Count: 0 })
                return await TimeOutAsync(run, clock, sessions?.Count ?? 0, left, cancellationToken);

            run.Progress(
                RotationStage.Drain,
                sessions is { Count: 0 } ? $"Quiet for {quiet.TotalSeconds:0} of {run.Settings.GracePeriod.TotalSeconds:0} s" : left,
                Percent(run, sessions, elapsed, quiet));
            await Task.Delay(run.Timing.PollInterval, run.Time, cancellationToken);
        }
    }

    /// <summary>Who is connected, or null when the server cannot be asked now: it may be restarting, which is no reason to give up.</summary>
    private static async Task<IReadOnlyList<LoginSession>?> LookAsync(RotationRun run, CancellationToken cancellationToken)
    {
        try
        {
            var admin = await run.GetAdminAsync(cancellationToken);
            return await admin.ListSessionsAsync(run.OldUsername, cancellationToken);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.ServerUnreachable)
        {
            run.Observer.OnMessage(RotationMessageKind.Verbose, $"The server cannot be asked for sessions now: {exception.Message}");
            await run.ReconnectAsync();
            return null;
        }
    }

    private static async Task<DrainOutcome> TimeOutAsync(
        RotationRun run, StageClock clock, int count, string left, CancellationToken cancellationToken)
    {
        var (outcome, status, what) = run.Settings.OnDrainTimeout switch
        {
            DrainTimeoutAction.Terminate => (DrainOutcome.EndSessions, StageStatus.Succeeded, "They will be ended."),
            DrainTimeoutAction.RollBack => (DrainOutcome.RollBack, StageStatus.Failed, $"'{run.OldUsername}' will be live again."),
            _ => (DrainOutcome.Kept, StageStatus.Skipped, "Nobody is cut off; both logins are valid, and Resume-NebulaRotation finishes."),
        };
        await run.ReportAsync(
            clock,
            status,
            $"After {run.Settings.DrainTimeout.TotalSeconds:0.#} s '{run.OldUsername}' still has {left}. {what}",
            cancellationToken,
            ("SessionsLeft", count));
        return outcome;
    }

    private static string Holders(IReadOnlyList<LoginSession> sessions)
    {
        var holders = sessions
            .GroupBy(session => session.Application.Length > 0 ? $"{session.Host} ({session.Application})" : session.Host)
            .OrderByDescending(group => group.Count())
            .ToList();
        var named = string.Join(", ", holders.Take(NamedHolders).Select(group => $"{group.Key}: {group.Count()}"));
        return $"{Text.Count(sessions.Count, "session")} from {named}{(holders.Count > NamedHolders ? ", …" : "")}";
    }

    private static int? Percent(RotationRun run, IReadOnlyList<LoginSession>? sessions, TimeSpan elapsed, TimeSpan quiet)
    {
        var (part, whole) = sessions is { Count: 0 } ? (quiet, run.Settings.GracePeriod) : (elapsed, run.Settings.DrainTimeout);
        return whole > TimeSpan.Zero ? (int)Math.Clamp(part / whole * 100, 0, 100) : null;
    }
}
