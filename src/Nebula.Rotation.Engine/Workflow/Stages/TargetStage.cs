using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Publishing;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>
/// The publish targets of a rotation: checked in Prepare, written one after the other before the store flips, taken back in reverse order when it does not
/// come to that. The document has what undoing needs before a target is touched; after the flip it is forgotten.
/// </summary>
internal static class TargetStage
{
    /// <summary>What stands in the way of publishing to the credential's targets. Reads only.</summary>
    /// <param name="services">The store and the publishers.</param>
    /// <param name="engine">The credential's.</param>
    /// <param name="credential">Whose targets they are.</param>
    /// <param name="login">The live login.</param>
    /// <param name="targets">Those to look at.</param>
    /// <param name="admin">Where verifiers can be read, or null.</param>
    /// <param name="observer">Who will watch the rotation, or null when there is none yet.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<TargetCheck> CheckAsync(
        WorkflowServices services, IDatabaseEngine engine, DatabaseCredential credential, Login login, IReadOnlyList<PublishTarget> targets, IAdminConnection? admin,
        IRotationObserver? observer, CancellationToken cancellationToken)
    {
        var blockers = new List<PlanBlocker>();
        var warnings = new List<string>();
        foreach (var target in targets)
        {
            try
            {
                var context = NewContext(
                    services, engine, credential, target, login, null, observer, (username, ct) => admin is null ? Task.FromResult<string?>(null) : admin.ReadVerifierAsync(username, ct));
                var publisher = services.Publishers.Get(target.Kind);
                publisher.Validate(target, credential);
                var check = await GuardAsync(target, () => publisher.CheckAsync(context, cancellationToken));
                blockers.AddRange(check.Blockers);
                warnings.AddRange(check.Warnings);
            }
            catch (RotationException exception)
            {
                blockers.Add(new(target.ToString(), exception.Message, exception.RecommendedAction ?? "Mend it, or remove the target with Remove-NebulaPublishTarget."));
            }
        }

        return new(blockers, warnings);
    }

    /// <summary>Those of the credential's targets that hold another login than this one, with what was found; null when none could be looked at.</summary>
    public static async Task<IReadOnlyList<(PublishTarget Target, string Found)>?> FindStaleAsync(
        WorkflowServices services, IDatabaseEngine engine, DatabaseCredential credential, Login login, CancellationToken cancellationToken)
    {
        List<(PublishTarget, string)>? stale = null;
        foreach (var target in credential.PublishTargets)
        {
            try
            {
                var context = NewContext(services, engine, credential, target, login, null, null, (_, _) => Task.FromResult<string?>(null));
                if (await GuardAsync(target, () => services.Publishers.Get(target.Kind).HoldsAsync(context, cancellationToken)) is not { } holds)
                    continue;
                stale ??= [];
                if (!holds)
                    stale.Add((target, $"{target} holds another login."));
            }
            catch (RotationException exception)
            {
                (stale ??= []).Add((target, exception.Message));
            }
        }

        return stale;
    }

    public static async Task PublishAsync(RotationRun run, CancellationToken cancellationToken)
    {
        foreach (var target in run.Document.Targets)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.Progress(RotationStage.Publish, $"Publishing '{run.NewUsername}' to {target}");
            var publisher = run.Services.Publishers.Get(target.Kind);
            var context = NewContext(run, target, run.Document.To, run.Document.From, isRollback: false);
            var prepared = await GuardAsync(target, () => publisher.PrepareAsync(context, cancellationToken));
            if (prepared is not null)
            {
                run.Document.Prepared[target.Id] = prepared;
                await run.SaveDocumentAsync(cancellationToken);
            }

            await run.JournalAsync(RotationStage.Publish, Steps.Target(target.Id), JournalPhase.Intent, cancellationToken);
            await GuardAsync(target, async () =>
            {
                await publisher.PublishAsync(context, prepared, cancellationToken);
                return true;
            });
            await run.JournalAsync(RotationStage.Publish, Steps.Target(target.Id), JournalPhase.Done, cancellationToken);
        }
    }

    /// <summary>True when a target may have been given the new login.</summary>
    public static bool HasPublished(RotationRun run) => run.Document.Targets.Any(target => run.Has(Steps.Target(target.Id), JournalPhase.Intent));

    /// <summary>The last one first. One that cannot be taken back keeps no other from it, and is thrown in the end.</summary>
    public static async Task RollBackAsync(RotationRun run, CancellationToken cancellationToken)
    {
        List<RotationException> failures = [];
        foreach (var target in run.Document.Targets.Reverse().Where(target => run.Has(Steps.Target(target.Id), JournalPhase.Intent)))
        {
            try
            {
                var context = NewContext(run, target, run.Document.From, run.Document.To, isRollback: true);
                var found = await GuardAsync(
                    target, () => run.Services.Publishers.Get(target.Kind).RollBackAsync(context, run.Document.Prepared.GetValueOrDefault(target.Id), cancellationToken));
                if (found is not null)
                    run.Observer.OnMessage(RotationMessageKind.Warning, found);
            }
            catch (RotationException exception)
            {
                failures.Add(exception);
                continue;
            }

            await run.JournalAsync(RotationStage.Publish, Steps.Target(target.Id), JournalPhase.Undone, cancellationToken);
        }

        if (failures is [var first, ..])
            throw failures.Count == 1 ? first : new RotationException(first.Code, string.Join(" ", failures.Select(failure => failure.Message)), first.RecommendedAction);
        await ForgetPreparedAsync(run, cancellationToken);
    }

    /// <summary>What undoing needed holds passwords, and is needed no longer.</summary>
    public static async Task ForgetPreparedAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (run.Document.Prepared.Count == 0)
            return;
        run.Document.Prepared.Clear();
        await run.SaveDocumentAsync(cancellationToken);
    }

    /// <summary>The old login is retired: targets that kept it for those who still used it let go. A target that cannot is named, and harms nobody.</summary>
    public static async Task ForgetOldAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (run.SharesName)
            return;
        foreach (var target in run.Document.Targets)
        {
            try
            {
                var context = NewContext(run, target, run.Document.To, run.Document.From, isRollback: false);
                await GuardAsync(target, async () =>
                {
                    await run.Services.Publishers.Get(target.Kind).ForgetPreviousAsync(context, cancellationToken);
                    return true;
                });
            }
            catch (RotationException exception)
            {
                run.Observer.OnMessage(RotationMessageKind.Warning, $"{target} may still name '{run.OldUsername}', which is retired: {exception.Message}");
            }
        }
    }

    private static TargetContext NewContext(RotationRun run, PublishTarget target, DocumentLogin login, DocumentLogin previous, bool isRollback) => NewContext(
        run.Services,
        run.Engine,
        run.Credential with { Username = login.Username, Version = login.Version },
        target,
        login.ToLogin(),
        previous.ToLogin(),
        run.Observer,
        async (username, ct) => await (await run.GetAdminAsync(ct)).ReadVerifierAsync(username, ct),
        run.Id,
        isRollback);

    private static TargetContext NewContext(
        WorkflowServices services, IDatabaseEngine engine, DatabaseCredential credential, PublishTarget target, Login login, Login? previous, IRotationObserver? observer,
        Func<string, CancellationToken, Task<string?>> readVerifier, Guid rotationId = default, bool isRollback = false) => new()
        {
            Target = target,
            Credential = credential,
            Engine = engine,
            Login = login,
            Previous = previous,
            RotationId = rotationId,
            IsRollback = isRollback,
            Observer = observer,
            ReadVerifierAsync = readVerifier,
            FindCredentialAsync = async (name, ct) => await services.Store.FindAsync(name, credential.Scope, ct) is { } found
                ? (found, (await services.Store.GetCurrentLoginAsync(found.Id, ct)).Login)
                : null,
        };

    /// <summary>What the system says about a file is a failure of its target.</summary>
    private static async Task<T> GuardAsync<T>(PublishTarget target, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw TargetFailure.Because($"{target}: {exception.Message}", null, exception);
        }
    }
}
