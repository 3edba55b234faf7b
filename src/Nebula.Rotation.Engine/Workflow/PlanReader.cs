using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What a rotation would do now: the same reading and the same planner, without lease, lock or journal.</summary>
internal sealed class PlanReader(WorkflowServices services)
{
    public async Task<RotationPlan> ReadAsync(DatabaseCredential credential, RotationRequest request, CancellationToken cancellationToken)
    {
        var plan = await ReadServerAsync(credential, request, cancellationToken);
        if (credential.PublishTargets.Count == 0)
            return plan;
        var current = await services.Store.GetCurrentLoginAsync(credential.Id, cancellationToken);
        var targets = await Stages.TargetStage.CheckAsync(
            services, services.Engines.Get(credential.DatabaseType), credential, current.Login, credential.PublishTargets, null, null, cancellationToken);
        return plan with
        {
            PublishTargets = credential.PublishTargets,
            Blockers = [.. plan.Blockers, .. targets.Blockers],
            Warnings = [.. plan.Warnings, .. targets.Warnings],
        };
    }

    private async Task<RotationPlan> ReadServerAsync(DatabaseCredential credential, RotationRequest request, CancellationToken cancellationToken)
    {
        var engine = services.Engines.Get(credential.DatabaseType);
        var adminLogin = await AdminLogins.FindAsync(services.Store, credential, request.Admin, cancellationToken);
        await using var admin = await engine.ConnectAdminAsync(credential, adminLogin, cancellationToken);

        var source = await admin.ReadSnapshotAsync(credential.Username, cancellationToken);
        var strategy = request.Strategy ?? credential.Strategy;
        if (strategy == RotationStrategy.DualPassword && engine.DualPasswordPlanner is not null)
            return await ReadPasswordsAsync(credential with { Strategy = strategy }, engine, admin, adminLogin, source, cancellationToken);
        var takesTurns = strategy == RotationStrategy.AlternatingUsers;
        var username = takesTurns
            ? await AlternateLogins.FindNameAsync(services.Store, credential, engine, source.Username, cancellationToken)
            : UsernameGenerator.Generate(credential.UsernameTemplate, credential.Name, engine.UsernameRules, services.Time.GetUtcNow());
        var before = takesTurns
            ? await admin.ReadSnapshotAsync(username, cancellationToken)
            : new LoginSnapshot { Username = username, Exists = false, Server = source.Server, Hints = source.Hints };
        var plan = engine.Planner.PlanClone(source, before);
        var preflight = await admin.PreflightAsync(
            StrategyOptions.WithAlternate(credential with { Strategy = strategy }, takesTurns ? username : null), source, cancellationToken);

        // The rest is planned on what the two would have by then.
        var target = source with { Username = username, Facts = [.. source.Facts.Where(fact => !fact.IsExclusive)] };
        var drained = source with { Facts = [.. source.Facts.Where(fact => !fact.IsExclusive)] };
        var settings = new RotationSettings().With(request);
        var disable = takesTurns ? null : engine.Planner.PlanDisable(drained, target);
        var last = settings.RetainFor > TimeSpan.Zero ? engine.Planner.PlanEndOverlap(drained, target)
            : takesTurns ? engine.Planner.PlanIdle(drained, target)
            : disable?.Reason is not null ? disable.Statements
            : engine.Planner.PlanDrop(drained, target);
        var statements = (before.Exists ? engine.Planner.PlanPassword(before) : [])
            .Concat(plan.CreateStatements)
            .Concat(plan.CloneStatements)
            .Concat(engine.Planner.PlanBlock(source))
            .Concat(engine.Planner.PlanMove(source, target).SelectMany(step => step.Statements))
            .Concat(last);

        return new()
        {
            Credential = credential.Name,
            Scope = credential.Scope,
            DatabaseType = credential.DatabaseType,
            Strategy = strategy,
            OldUsername = credential.Username,
            NewUsername = username,
            Facts = source.Facts,
            Statements = [.. statements.Select(statement => statement.ToPlanStatement())],
            Blockers =
            [
                .. source.Blockers,
                .. plan.Blockers,
                .. preflight.Blockers,
                .. takesTurns ? await NotOursAsync(credential, before, cancellationToken) : [],
                .. Missing(preflight, adminLogin),
            ],
            Warnings =
            [
                .. plan.Warnings,
                .. preflight.Warnings,
                .. disable?.Reason is { } reason ? new[] { $"'{source.Username}' will not be dropped but disabled for good, without a password: {reason}." } : [],
            ],
        };
    }

    /// <summary>One login, two passwords.</summary>
    private static async Task<RotationPlan> ReadPasswordsAsync(
        DatabaseCredential credential, IDatabaseEngine engine, IAdminConnection admin, Login adminLogin, LoginSnapshot source, CancellationToken cancellationToken)
    {
        var plan = PasswordPlan.Add(engine, source, mayHaveTwo: false);
        var preflight = await admin.PreflightAsync(credential, source, cancellationToken);
        return new()
        {
            Credential = credential.Name,
            Scope = credential.Scope,
            DatabaseType = credential.DatabaseType,
            Strategy = credential.Strategy,
            OldUsername = credential.Username,
            NewUsername = credential.Username,
            Facts = source.Facts,
            Statements = [.. plan.CreateStatements.Concat(engine.DualPasswordPlanner!.PlanKeepPassword(source)).Select(statement => statement.ToPlanStatement())],
            Blockers = [.. plan.Blockers, .. preflight.Blockers, .. Missing(preflight, adminLogin)],
            Warnings = preflight.Warnings,
        };
    }

    private static IEnumerable<PlanBlocker> Missing(Preflight preflight, Login admin) =>
        preflight.MissingRights.Select(right => new PlanBlocker(admin.Username, $"lacks a right: {right}", "Have it granted."));

    /// <summary>What Prepare would refuse, as something to read beside the other blockers.</summary>
    private async Task<IReadOnlyList<PlanBlocker>> NotOursAsync(DatabaseCredential credential, LoginSnapshot login, CancellationToken cancellationToken)
    {
        try
        {
            await AlternateLogins.RequireOursAsync(services.Store, credential, login, cancellationToken);
            return [];
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.InvalidArgument)
        {
            return [new(login.Username, exception.Message, exception.RecommendedAction ?? "")];
        }
    }
}
