using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>
/// Both logins stay valid; watches the old one's sessions until none is left and none has been seen for the quiet time. A session that comes and
/// goes between two looks is not seen: the looks are frequent and the quiet time is long, and Retire looks once more behind a closed door.
/// </summary>
internal static class DrainStage
{
    private const int NamedHolders = 3;
    private const int RecordedHolders = 20;

    public static async Task<DrainOutcome> RunAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var clock = run.StartStage(RotationStage.Drain, $"Waiting for the sessions of '{run.OldUsername}' to end");
        if (run.Settings.NoWait)
        {
            await run.ReportAsync(
                clock, StageStatus.Skipped, $"Not waited for, as asked. Both {(run.SharesName ? "passwords" : "logins")} are valid; Resume-NebulaRotation finishes.", cancellationToken);
            return DrainOutcome.Kept;
        }

        if (run.SharesName)
        {
            run.Observer.OnMessage(
                RotationMessageKind.Warning,
                $"Both passwords have one name: who still uses the old one cannot be observed. Sessions from before the new one was published are waited for, then "
                + $"-GracePeriod ({run.Settings.GracePeriod.TotalSeconds:0.#} s): it must be as long as a consumer may need to follow.");
        }

        var started = run.Time.GetTimestamp();
        var quietSince = started;
        var most = 0;
        var unknown = "";
        while (true)
        {
            var sessions = await LookAsync(run, cancellationToken);
            var now = run.Time.GetTimestamp();
            var isQuiet = sessions is { AreNone: true };
            if (!isQuiet)
                quietSince = now;
            most = Math.Max(most, sessions?.Seen.Count ?? 0);
            if (sessions is not null && sessions.Unknown != unknown)
            {
                unknown = sessions.Unknown;
                if (unknown.Length > 0)
                    run.Observer.OnMessage(RotationMessageKind.Warning, $"Whether '{run.OldUsername}' has sessions is not known everywhere, and the drain waits: {unknown}");
            }

            var elapsed = run.Time.GetElapsedTime(started, now);
            var quiet = run.Time.GetElapsedTime(quietSince, now);
            if (isQuiet && quiet >= run.Settings.GracePeriod)
            {
                await run.ReportAsync(
                    clock,
                    StageStatus.Succeeded,
                    run.SharesName
                        ? $"No session from before the new password is left; waited {run.Settings.GracePeriod.TotalSeconds:0.#} s for those who cannot be observed."
                        : $"No session of '{run.OldUsername}' is left; quiet for {run.Settings.GracePeriod.TotalSeconds:0.#} s.",
                    cancellationToken,
                    ("SessionsSeen", most),
                    ("SessionsLeft", 0),
                    ("Observable", !run.SharesName));
                return DrainOutcome.Drained;
            }

            // A drain that is quiet already is not timed out: what is missing is time, not a consumer.
            var left = Describe(run, sessions);
            if (elapsed >= run.Settings.DrainTimeout && !isQuiet)
                return await TimeOutAsync(run, clock, sessions?.Seen ?? [], left, cancellationToken);

            run.Progress(
                RotationStage.Drain,
                isQuiet ? $"Quiet for {quiet.TotalSeconds:0} of {run.Settings.GracePeriod.TotalSeconds:0} s" : left,
                Percent(run, isQuiet, elapsed, quiet));
            await Task.Delay(run.Timing.PollInterval, run.Time, cancellationToken);
        }
    }

    /// <summary>Who is connected, or null when the server cannot be asked now: it may be restarting, which is no reason to give up.</summary>
    private static async Task<LoginSessions?> LookAsync(RotationRun run, CancellationToken cancellationToken)
    {
        try
        {
            var admin = await run.GetAdminAsync(cancellationToken);
            var sessions = await admin.ListSessionsAsync(run.OldUsername, cancellationToken);
            return run.SharesName ? SecondPassword.OfOldPassword(run, sessions) : sessions;
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.ServerUnreachable)
        {
            run.Observer.OnMessage(RotationMessageKind.Verbose, $"The server cannot be asked for sessions now: {exception.Message}");
            await run.ReconnectAsync();
            return null;
        }
    }

    private static async Task<DrainOutcome> TimeOutAsync(
        RotationRun run, StageClock clock, IReadOnlyList<LoginSession> sessions, string left, CancellationToken cancellationToken)
    {
        var (outcome, status, what) = run.Settings.OnDrainTimeout switch
        {
            DrainTimeoutAction.Terminate => (DrainOutcome.EndSessions, StageStatus.Succeeded, "They will be ended."),
            DrainTimeoutAction.RollBack => (DrainOutcome.RollBack, StageStatus.Failed, $"{run.OldLogin} will be live again."),
            _ => (DrainOutcome.Kept, StageStatus.Skipped, $"Nobody is cut off; both {(run.SharesName ? "passwords" : "logins")} are valid, and Resume-NebulaRotation finishes."),
        };
        await run.ReportAsync(
            clock,
            status,
            $"After {run.Settings.DrainTimeout.TotalSeconds:0.#} s {left}. {what}",
            cancellationToken,
            ("SessionsLeft", sessions.Count),
            ("Holders", HoldersOf(sessions)));
        return outcome;
    }

    /// <summary>Who holds the old login, for a report: few enough to be read, and the most of them first.</summary>
    private static IReadOnlyDictionary<string, object?>[] HoldersOf(IReadOnlyList<LoginSession> sessions) =>
    [
        .. sessions
            .GroupBy(session => (session.Host, session.Application, session.Endpoint))
            .OrderByDescending(group => group.Count())
            .Take(RecordedHolders)
            .Select(group => new Dictionary<string, object?>
            {
                ["Host"] = group.Key.Host,
                ["Application"] = group.Key.Application,
                ["Endpoint"] = group.Key.Endpoint,
                ["Sessions"] = group.Count(),
            }),
    ];

    private static string Describe(RotationRun run, LoginSessions? sessions) => sessions switch
    {
        null => "the server cannot be asked for sessions",
        { Unasked.Count: 0 } => $"'{run.OldUsername}' still has {Holders(sessions.Seen)}",
        { Seen.Count: 0 } => $"it is not known whether '{run.OldUsername}' has sessions: {sessions.Unknown.TrimEnd('.')}",
        _ => $"'{run.OldUsername}' still has {Holders(sessions.Seen)}, and maybe more: {sessions.Unknown.TrimEnd('.')}",
    };

    private static string Holders(IReadOnlyList<LoginSession> sessions)
    {
        var holders = sessions
            .GroupBy(session => (session.Application.Length > 0 ? $"{session.Host} ({session.Application})" : session.Host) + (session.Endpoint is { } at ? $" at {at}" : ""))
            .OrderByDescending(group => group.Count())
            .ToList();
        var named = string.Join(", ", holders.Take(NamedHolders).Select(group => $"{group.Key}: {group.Count()}"));
        return $"{Text.Count(sessions.Count, "session")} from {named}{(holders.Count > NamedHolders ? ", …" : "")}";
    }

    private static int? Percent(RotationRun run, bool isQuiet, TimeSpan elapsed, TimeSpan quiet)
    {
        var (part, whole) = isQuiet ? (quiet, run.Settings.GracePeriod) : (elapsed, run.Settings.DrainTimeout);
        return whole > TimeSpan.Zero ? (int)Math.Clamp(part / whole * 100, 0, 100) : null;
    }
}
