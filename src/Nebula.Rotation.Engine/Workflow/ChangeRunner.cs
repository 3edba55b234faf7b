using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// Applies planned statements as one unit, and again while the unit meets a lock or another change of the catalog: the application has its own
/// DDL and its own long transactions, and a unit that waits holds them all up. Bounded by <see cref="RotationTiming.RetryBudget"/>.
/// </summary>
internal static class ChangeRunner
{
    public static Task ApplyAsync(
        RotationRun run, RotationStage stage, string description, IReadOnlyList<PlannedStatement> statements, CancellationToken cancellationToken) =>
        ApplyAsync(run, stage, description, statements, null, cancellationToken);

    /// <summary>The same with statements that carry the password of <paramref name="password"/>.</summary>
    public static Task ApplyAsync(
        RotationRun run, RotationStage stage, string description, IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken) =>
        statements.Count == 0
            ? Task.CompletedTask
            : RetryAsync(
                run,
                stage,
                description,
                async () =>
                {
                    var admin = await run.GetAdminAsync(cancellationToken);
                    await using var unit = await admin.BeginAsync(cancellationToken);
                    await unit.ApplyAsync(statements, password, cancellationToken);
                    await unit.CommitAsync(cancellationToken);
                },
                cancellationToken);

    public static async Task RetryAsync(
        RotationRun run, RotationStage stage, string description, Func<Task> attempt, CancellationToken cancellationToken)
    {
        var started = run.Time.GetTimestamp();
        var pause = run.Timing.RetryPause;
        for (var tries = 1; ; tries++)
        {
            try
            {
                await attempt();
                return;
            }
            catch (TransientDatabaseException exception)
            {
                if (run.Time.GetElapsedTime(started) + pause > run.Timing.RetryBudget)
                {
                    throw new RotationException(
                        RotationErrorCode.DatabaseError,
                        $"{description}: gave up after {tries} tries in {run.Timing.RetryBudget.TotalSeconds:0} s. {exception.Message}",
                        innerException: exception);
                }

                run.Observer.OnMessage(RotationMessageKind.Verbose, $"{description}: {exception.Message} Try {tries + 1} follows.");
                run.Progress(stage, $"{description} (waiting for a lock, try {tries + 1})");
            }

            await Task.Delay(pause, run.Time, cancellationToken);
            pause = pause * 2 < run.Timing.RetryMaximumPause ? pause * 2 : run.Timing.RetryMaximumPause;
        }
    }
}
