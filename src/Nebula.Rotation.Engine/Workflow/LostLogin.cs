using Nebula.Rotation.Engine.Workflow.Stages;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>A rotation whose old login, which the store still names, is gone from the server: going back would leave nobody who can log in.</summary>
internal static class LostLogin
{
    /// <summary>
    /// The way back is no way where the login that the store names is refused and the new one is let in with all that it is to have: the store was restored from a
    /// backup of the time before its flip, or somebody dropped the old login.
    /// </summary>
    public static async Task<bool> OnlyNewLogsInAsync(RotationRun run, CancellationToken cancellationToken)
    {
        if (run.SharesName || !run.Has(Steps.Login, JournalPhase.Intent)
            || !await Agreement.IsRefusedAsync(run.Engine, run.Credential, run.Document.From, cancellationToken)
            || !await Agreement.LogsInAsync(run.Engine, run.Credential, run.Document.To, cancellationToken))
        {
            return false;
        }

        var admin = await run.GetAdminAsync(cancellationToken);
        var source = await VerifyStage.ReadSourceAsync(run, admin, cancellationToken);
        var diff = run.Planner.Compare(source, await admin.ReadSnapshotAsync(run.NewUsername, cancellationToken), afterMove: false);
        if (diff.Missing.Count == 0)
            return true;
        throw new RotationException(
            RotationErrorCode.StoreDatabaseMismatch,
            $"The server refuses '{run.OldUsername}', which the store names as live, and lets '{run.NewUsername}' in, which is not its equal: {VerifyStage.Describe(new(diff.Missing, []))}.",
            $"Nothing was changed. Give '{run.NewUsername}' what it lacks, then run Resume-NebulaRotation -Name '{run.Credential.Name}'.");
    }

    /// <summary>Consumers are told of the new login as the rotation was to tell them, or nothing is done.</summary>
    public static void RequireScript(RotationRun run)
    {
        if (run.Document.HasScript && !run.Observer.Publishes)
        {
            throw new RotationException(
                RotationErrorCode.PublishFailed,
                $"The rotation tells its consumers with a -Publish script, and this run has none to tell them of '{run.NewUsername}' with.",
                "Nothing was changed. Run Resume-NebulaRotation again with the same -Publish script.");
        }
    }
}
