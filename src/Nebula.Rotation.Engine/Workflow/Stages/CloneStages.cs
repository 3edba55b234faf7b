using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>
/// CreateLogin and ClonePermissions: two stages, one change unit, so that with transactional DDL no login exists that has not got everything.
/// </summary>
internal static class CloneStages
{
    public static async Task RunAsync(RotationRun run, ClonePlan plan, CancellationToken cancellationToken)
    {
        if (run.SharesName)
        {
            await SecondPassword.AddAsync(run, plan, cancellationToken);
            return;
        }

        var create = run.StartStage(RotationStage.CreateLogin, $"Creating '{run.NewUsername}'");
        await run.JournalAsync(RotationStage.CreateLogin, Steps.Login, JournalPhase.Intent, cancellationToken);
        var setsPassword = run.Document.SetsPassword;
        if (setsPassword)
            await run.EndRetentionAsync(cancellationToken);
        IReadOnlyList<PlannedStatement> createStatements =
            setsPassword ? [.. run.Planner.PlanPassword(run.Document.TargetBefore), .. plan.CreateStatements] : plan.CreateStatements;

        StageClock? clone = null;
        await ChangeRunner.RetryAsync(
            run,
            RotationStage.CreateLogin,
            $"Creating '{run.NewUsername}'",
            async () =>
            {
                var admin = await run.GetAdminAsync(cancellationToken);
                await using var unit = await admin.BeginAsync(cancellationToken);
                await StageFailure.AsAsync(
                    RotationErrorCode.CreateLoginFailed, () => unit.ApplyAsync(createStatements, run.Document.To.ToLogin(), cancellationToken));
                create.Finish();
                clone = run.StartStage(RotationStage.ClonePermissions, $"Giving '{run.NewUsername}' what '{run.OldUsername}' has");
                await StageFailure.AsAsync(
                    RotationErrorCode.ClonePermissionsFailed,
                    async () =>
                    {
                        await unit.ApplyAsync(plan.CloneStatements, null, cancellationToken);
                        await unit.CommitAsync(cancellationToken);
                    });
            },
            cancellationToken);

        await run.JournalAsync(RotationStage.ClonePermissions, Steps.Login, JournalPhase.Done, cancellationToken);
        var existed = run.Document.TargetBefore.Exists;
        await run.ReportAsync(
            create,
            StageStatus.Succeeded,
            existed ? $"'{run.NewUsername}' is there and enabled{(setsPassword ? ", with another password" : "")}." : $"'{run.NewUsername}' created.",
            cancellationToken,
            ("Statements", createStatements.Count));
        await run.ReportAsync(
            clone!,
            StageStatus.Succeeded,
            $"{run.Document.Source.Facts.Count(fact => !fact.IsExclusive)} facts in {plan.CloneStatements.Count} statements.",
            cancellationToken,
            ("Facts", run.Document.Source.Facts.Count),
            ("Statements", plan.CloneStatements.Count));
    }
}
