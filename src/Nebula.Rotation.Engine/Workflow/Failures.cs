using Nebula.Rotation.Engine.Workflow.Stages;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What happens when a stage fails: what is undone, what the record says, and what the caller is told is true now.</summary>
internal static class Failures
{
    /// <summary>
    /// Before the commit point: rolls back and throws. Returns, and the caller goes forward, only when the store turns out to name the new login
    /// already: then the failure was that of a reply, not of the flip.
    /// </summary>
    public static async Task BeforePublishAsync(RotationRun run, Exception exception)
    {
        ThrowIfLeaseLost(run, exception);
        using var compensation = Compensation(run);
        bool published;
        try
        {
            published = await run.IsPublishedAsync(compensation.Token);
        }
        catch (Exception unreadable) when (unreadable is RotationException or OperationCanceledException)
        {
            ThrowIfLeaseLost(run, unreadable);
            throw new RotationException(
                (unreadable as RotationException)?.Code ?? RotationErrorCode.StoreUnavailable,
                $"{Describe(run, exception)} The store cannot be read to see which login it names: {unreadable.Message}",
                $"Both {run.OldLogin} and {run.NewLogin} are valid. Mend the store, then run Resume-NebulaRotation -Name '{run.Credential.Name}'.",
                unreadable);
        }

        if (published)
        {
            run.Observer.OnMessage(RotationMessageKind.Warning, $"{Describe(run, exception)} The store names {run.NewLogin} already; going on.");
            return;
        }

        await RollBackAsync(run, exception);
    }

    /// <summary>Rolls back; then throws for a <paramref name="cause"/>, or returns when there is none (a resume).</summary>
    public static async Task RollBackAsync(RotationRun run, Exception? cause)
    {
        var code = CodeOf(run, cause);
        var reason = cause is null ? null : Describe(run, cause);
        using var compensation = Compensation(run);
        try
        {
            if (cause is not null && run.Current is { } clock)
                await run.ReportAsync(clock, StageStatus.Failed, reason!, compensation.Token);

            // The connection may be what broke, or may be in the middle of something.
            await run.ReconnectAsync();
            await Rollback.RunAsync(run, compensation.Token);
            await run.SetStateAsync(
                new()
                {
                    State = RotationState.RolledBack,
                    FinishedAt = run.Time.GetUtcNow(),
                    ErrorCode = cause is null ? null : code,
                    Message = reason,
                    Reopen = run.Record.Reverses,
                    ReopenState = run.Document.ReversedState,
                },
                compensation.Token);
        }
        catch (Exception exception) when (exception is RotationException or OperationCanceledException or Databases.TransientDatabaseException)
        {
            throw await RollbackFailedAsync(run, reason, exception);
        }

        var outcome = $"Rolled back: {run.OldLogin} is live, as before.";
        if (cause is null)
        {
            run.Observer.OnMessage(RotationMessageKind.Important, $"{run.Credential.Name}: {outcome}");
            return;
        }

        if (run.Stop.IsCancellationRequested)
            run.Observer.OnMessage(RotationMessageKind.Important, $"{run.Credential.Name}: stopped. {outcome}");
        throw new RotationException(code, $"{reason} {outcome}", ActionOf(cause) ?? "Mend what the message names, then run Invoke-NebulaRotation again.", Cause(run, cause));
    }

    /// <summary>After the commit point nothing is undone: the record stays open, and says why.</summary>
    public static async Task<RotationException> AfterPublishAsync(
        RotationRun run, Exception exception, RotationState state = RotationState.Draining, DateTimeOffset? retainUntil = null)
    {
        ThrowIfLeaseLost(run, exception);
        var code = CodeOf(run, exception);
        var reason = Describe(run, exception);
        var stopped = code == RotationErrorCode.Stopped;
        var now = $"{run.NewLogin} is live"
            + (run.Has(Steps.Drop, Stores.JournalPhase.Done) || run.Has(Steps.Idle, Stores.JournalPhase.Done) || run.Has(Steps.Disable, Stores.JournalPhase.Done) ? "." : $"; {run.OldLogin} is not retired yet.");
        using var compensation = Compensation(run);
        try
        {
            if (run.Current is { } clock)
                await run.ReportAsync(clock, stopped ? StageStatus.Skipped : StageStatus.Failed, $"{reason} {now}", compensation.Token);
            await run.SetStateAsync(
                new() { State = state, RetainUntil = retainUntil, ErrorCode = code, Message = reason, FinishedAt = retainUntil is null ? null : run.Time.GetUtcNow() },
                compensation.Token);
        }
        catch (Exception unwritable) when (unwritable is RotationException or OperationCanceledException)
        {
            // The renewal in the background may have found out in the midst of it.
            ThrowIfLeaseLost(run, unwritable);

            // The record is open already; that it lacks the reason is said, and hides nothing.
            reason += $" The store could not take a note of it: {unwritable.Message}";
        }

        if (run.Stop.IsCancellationRequested)
            run.Observer.OnMessage(RotationMessageKind.Important, $"{run.Credential.Name}: stopped. {now}");
        return new(code, $"{reason} {now}", ActionOf(exception) ?? $"Run Resume-NebulaRotation -Name '{run.Credential.Name}' to finish.", Cause(run, exception));
    }

    private static async Task<RotationException> RollbackFailedAsync(RotationRun run, string? reason, Exception exception)
    {
        ThrowIfLeaseLost(run, exception);
        var failure = exception is OperationCanceledException
            ? $"undoing took longer than {run.Timing.CompensationTimeout.TotalSeconds:0} s"
            : Redact(run, exception.Message);
        var message = $"{reason} {run.NewLogin} could not be taken back: {failure}".TrimStart();
        using var bound = Compensation(run);
        try
        {
            await run.SetStateAsync(
                new() { State = RotationState.RollbackFailed, ErrorCode = RotationErrorCode.RollbackFailed, Message = message }, bound.Token);
        }
        catch (Exception unwritable) when (unwritable is RotationException or OperationCanceledException)
        {
            ThrowIfLeaseLost(run, unwritable);
            message += $" The store could not take a note of it: {unwritable.Message}";
        }

        run.Observer.OnMessage(RotationMessageKind.Important, $"{run.Credential.Name}: {message} {run.OldLogin} is live.");
        return new(
            RotationErrorCode.RollbackFailed,
            message,
            (exception is RotationException { Code: RotationErrorCode.StoreDatabaseMismatch } ? "" : $"{run.OldLogin} is live. ")
            + $"{ActionOf(exception) ?? $"Run Resume-NebulaRotation -Name '{run.Credential.Name}' to try again."}",
            Cause(run, exception));
    }

    private static void ThrowIfLeaseLost(RotationRun run, Exception exception)
    {
        if (!run.LeaseLost.IsCancellationRequested && exception is not RotationException { Code: RotationErrorCode.LeaseLost })
            return;
        throw new RotationException(
            RotationErrorCode.LeaseLost,
            $"This runner was away longer than its lease on '{run.Credential.Name}'; nothing more was touched.",
            $"Another runner may have taken over: look at Get-NebulaRotation -Name '{run.Credential.Name}'. If none has, run Resume-NebulaRotation.",
            Cause(run, exception));
    }

    /// <summary>Undoing has a bound of its own, and ends when the lease does; the caller's wish to stop is no reason not to undo.</summary>
    private static CancellationTokenSource Compensation(RotationRun run)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(run.LeaseLost);
        source.CancelAfter(run.Timing.CompensationTimeout);
        return source;
    }

    private static RotationErrorCode CodeOf(RotationRun run, Exception? exception) => exception switch
    {
        RotationException rotation => rotation.Code,
        OperationCanceledException when run.Stop.IsCancellationRequested => RotationErrorCode.Stopped,
        _ => run.Current?.Stage switch
        {
            RotationStage.CreateLogin => RotationErrorCode.CreateLoginFailed,
            RotationStage.ClonePermissions => RotationErrorCode.ClonePermissionsFailed,
            RotationStage.Verify => RotationErrorCode.VerificationFailed,
            RotationStage.Publish => RotationErrorCode.PublishFailed,
            RotationStage.Drain or RotationStage.Retire => RotationErrorCode.DropLoginFailed,
            _ => RotationErrorCode.DatabaseError,
        },
    };

    private static string Describe(RotationRun run, Exception exception) =>
        CodeOf(run, exception) == RotationErrorCode.Stopped
            ? $"Stopped on request during {run.Current?.Stage}."
            : $"{run.Current?.Stage} failed: {Redact(run, exception.Message)}";

    private static string? ActionOf(Exception? exception) => (exception as RotationException)?.RecommendedAction;

    private static string Redact(RotationRun run, string text) =>
        Redaction.Apply(text, run.Document.From.ToLogin().Password, run.Document.To.ToLogin().Password, run.AdminLogin.Password);

    /// <summary>The cause is kept for whoever looks closer, unless anything in it repeats a password.</summary>
    private static Exception? Cause(RotationRun run, Exception exception)
    {
        var cause = exception is RotationException ? exception.InnerException : exception;
        return cause is null || Redact(run, cause.ToString()) != cause.ToString() ? null : cause;
    }
}
