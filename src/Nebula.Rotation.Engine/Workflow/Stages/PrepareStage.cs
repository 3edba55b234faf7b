using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>Everything that can be found out before anything is touched; ends with the journal's first entry.</summary>
internal static class PrepareStage
{
    private const int NameTries = 20;
    private const int NamedBlockers = 5;

    public static async Task<(RotationRun Run, ClonePlan Plan)> RunAsync(
        WorkflowServices services, PrepareInput input, CancellationToken cancellationToken)
    {
        var clock = new StageClock(RotationStage.Prepare, services.Time);
        try
        {
            return await PrepareAsync(services, input, clock, cancellationToken);
        }
        catch (RotationException exception)
        {
            // No record exists yet, so the failure is shown and not kept.
            input.Observer.OnStage(new()
            {
                RotationId = Guid.Empty,
                Credential = input.Credential.Name,
                Scope = input.Credential.Scope,
                DatabaseType = input.Credential.DatabaseType,
                Stage = RotationStage.Prepare,
                Status = StageStatus.Failed,
                StartedAt = clock.StartedAt,
                Duration = clock.Elapsed,
                OldUsername = input.Credential.Username,
                NewUsername = "",
                Message = exception.Message,
            });
            throw new RotationException(
                exception.Code,
                exception.Message,
                (exception.Code == RotationErrorCode.StoreDatabaseMismatch ? "Nothing was changed. " : $"Nothing was changed; '{input.Credential.Username}' is live. ")
                + exception.RecommendedAction,
                exception.InnerException);
        }
    }

    private static async Task<(RotationRun Run, ClonePlan Plan)> PrepareAsync(
        WorkflowServices services, PrepareInput input, StageClock clock, CancellationToken cancellationToken)
    {
        var credential = input.Credential;
        var engine = services.Engines.Get(credential.DatabaseType);
        var strategy = input.Reverses?.Document.Strategy ?? input.Request.Strategy ?? credential.Strategy;
        credential = credential with { Strategy = strategy };
        if (!engine.Strategies.Contains(strategy))
        {
            throw new RotationException(
                RotationErrorCode.UnsupportedStrategy,
                $"{credential.DatabaseType} is not rotated by {strategy} in this version.",
                $"Use one of: {string.Join(", ", engine.Strategies)}.");
        }

        if (input.Reverses is { Document.HasScript: true } && !input.Observer.Publishes)
        {
            throw new RotationException(
                RotationErrorCode.PublishFailed,
                $"Rotation {input.Reverses.Value.Record.RotationId} told its consumers with a -Publish script, and this run has none to tell them otherwise with.",
                "Run the command again with the same -Publish script, or with an empty one (-Publish {}) if nobody needs to be told.");
        }

        var current = await services.Store.GetCurrentLoginAsync(credential.Id, cancellationToken);
        var disagreement = await FindDisagreementAsync(services, engine, credential, current.Login, input, cancellationToken);

        var adminLogin = await AdminLogins.FindAsync(services.Store, credential, input.Request.Admin, cancellationToken);
        var admin = await services.ConnectAdminAsync(engine, credential, adminLogin, current.Login.Username, cancellationToken);
        try
        {
            var from = new DocumentLogin(current.Login.Username, current.Login.Password.Reveal(), current.Version);
            var takesTurns = strategy == RotationStrategy.AlternatingUsers;
            var sharesName = strategy == RotationStrategy.DualPassword;
            var to = input.Reverses?.Document.From
                ?? (sharesName ? await NewVersionAsync(services, credential, from.Username, cancellationToken)
                    : takesTurns
                    ? await NewVersionAsync(
                        services,
                        credential,
                        await AlternateLogins.FindNameAsync(services.Store, credential, engine, from.Username, cancellationToken),
                        cancellationToken)
                    : await DrawAsync(services, credential, engine, admin, cancellationToken));
            await RotationRun.LockAsync(admin, input.Lease, from.Username, to.Username, cancellationToken);

            var source = await admin.ReadSnapshotAsync(from.Username, cancellationToken);
            var target = await admin.ReadSnapshotAsync(to.Username, cancellationToken);

            // The database has gone back by itself: then it is the store that follows, and there is nothing to take or give.
            var hasGoneBack = disagreement is not null && !source.Exists && target is { Exists: true, CanLogIn: true };
            if (disagreement is not null && !hasGoneBack)
                throw disagreement;
            if (hasGoneBack)
                source = target with { Username = from.Username };
            if (input.Reverses is null && takesTurns)
                await AlternateLogins.RequireOursAsync(services.Store, credential, target, cancellationToken);
            if (input.Reverses is { } reversed)
            {
                Reversals.Require(reversed.Record, reversed.Document, to, target, isOurs: hasGoneBack);
                if (!hasGoneBack && reversed.Record.State == RotationState.Completed && Reversals.DescribeChanges(engine.Planner, reversed.Document, source) is { } changes)
                    input.Observer.OnMessage(RotationMessageKind.Warning, changes);
            }

            // Where a reversal finds two passwords, both are ours.
            var plan = hasGoneBack ? new ClonePlan { CreateStatements = [], CloneStatements = [], Blockers = [], Warnings = [] }
                : !sharesName ? engine.Planner.PlanClone(source, target)
                : PasswordPlan.Add(engine, source, mayHaveTwo: input.Reverses?.Record.State == RotationState.Draining);
            var preflight = await admin.PreflightAsync(
                StrategyOptions.WithAlternate(credential, takesTurns ? to.Username : null), source, cancellationToken);
            var targets = await TargetStage.CheckAsync(
                services, engine, credential, current.Login, credential.PublishTargets, admin, input.Observer, cancellationToken);
            // A login that stays keeps what no rule understands, too.
            Require(preflight, [.. sharesName ? [] : source.Blockers, .. plan.Blockers, .. preflight.Blockers, .. targets.Blockers]);
            foreach (var warning in (IEnumerable<string>)[.. plan.Warnings, .. preflight.Warnings, .. targets.Warnings])
                input.Observer.OnMessage(RotationMessageKind.Warning, warning);

            var run = await BeginAsync(
                services,
                input,
                adminLogin,
                engine,
                new()
                {
                    Settings = input.Settings with { NoWait = false },
                    From = from,
                    To = to,
                    Source = source,
                    TargetBefore = target,
                    Strategy = strategy,
                    SetsPassword = !sharesName && !hasGoneBack && target.Exists && (input.Reverses is { } which
                        ? input.PasswordWasTaken || which.Record.State == RotationState.Completed
                        : takesTurns),
                    Targets = credential.PublishTargets,
                    HasScript = input.Observer.Publishes,
                    ReversedState = input.Reverses?.Record.State,
                    FaithfulBefore = input.Reverses?.Document.AnnouncedAt,
                },
                cancellationToken);
            run.Adopt(admin);
            await run.ReportAsync(
                clock,
                StageStatus.Succeeded,
                $"{Text.Count(source.Facts.Count, "fact")} of '{from.Username}' on {source.Server.Version}; "
                + $"{Text.Count(plan.CreateStatements.Count + plan.CloneStatements.Count, "statement")} planned, no blocker.",
                cancellationToken,
                ("Facts", source.Facts.Count),
                ("FactsFingerprint", source.FingerprintFacts()),
                ("Statements", plan.CreateStatements.Count + plan.CloneStatements.Count));
            return (run, plan);
        }
        catch
        {
            await admin.DisposeAsync();
            throw;
        }
    }

    private static async Task<RotationRun> BeginAsync(
        WorkflowServices services,
        PrepareInput input,
        Login adminLogin,
        IDatabaseEngine engine,
        RotationDocument document,
        CancellationToken cancellationToken)
    {
        var record = new RotationRecord
        {
            RotationId = Guid.NewGuid(),
            CredentialId = input.Credential.Id,
            Credential = input.Credential.Name,
            Scope = input.Credential.Scope,
            DatabaseType = input.Credential.DatabaseType,
            Kind = input.Reverses is null ? RotationKind.Rotation : RotationKind.Undo,
            State = RotationState.Running,
            OldUsername = document.From.Username,
            NewUsername = document.To.Username,
            FromVersion = document.From.Version,
            ToVersion = document.To.Version,
            StartedAt = services.Time.GetUtcNow(),
            Runner = RotationRun.ThisRunner,
            Reverses = input.Reverses?.Record.RotationId,
        };
        await services.Store.BeginRotationAsync(input.Lease.Lease, record, document.Serialize(), cancellationToken);
        return new(services, input.Lease, input.Observer, input.Stop)
        {
            Credential = input.Credential,
            Engine = engine,
            AdminLogin = adminLogin,
            Record = record,
            Document = document,
            Settings = input.Settings,
        };
    }

    /// <summary>
    /// The store and the database agree, or nothing is begun: rotating away from a login that is not live would prove nothing. Only an undo whose old login the
    /// database lets in goes on, to see whether the live one is not there at all; the disagreement is given back for it.
    /// </summary>
    private static async Task<RotationException?> FindDisagreementAsync(
        WorkflowServices services, IDatabaseEngine engine, DatabaseCredential credential, Login login, PrepareInput input, CancellationToken cancellationToken)
    {
        var checks = await engine.CheckLoginAsync(credential, login, null, cancellationToken);
        if (checks.FirstOrDefault(check => !check.Succeeded) is not { } failed)
            return null;
        if (failed.ErrorCode is not RotationErrorCode.AuthenticationFailed)
            throw new RotationException(failed.ErrorCode ?? RotationErrorCode.ServerUnreachable, failed.Message);
        var disagreement = await new Agreement(services).FindAsync(credential, login, checks, input.Request.Admin, cancellationToken)
            ?? new RotationException(
                RotationErrorCode.StoreDatabaseMismatch,
                $"The store names '{login.Username}' as live, and one endpoint refuses it while another lets it in: {failed.Message}",
                engine.HasLoginsPerEndpoint
                    ? $"Make it the same everywhere: Resume-NebulaRotation -Name '{credential.Name}'."
                    : $"If the password was changed by hand, give the store the one that works: Set-NebulaDbCredential -Name '{credential.Name}' -Credential (Get-Credential '{login.Username}').");
        return input.Reverses is { Document: { Strategy: not RotationStrategy.DualPassword } document }
            && await Agreement.LogsInAsync(engine, credential, document.From, cancellationToken)
            ? disagreement
            : throw disagreement;
    }

    private static async Task<DocumentLogin> DrawAsync(
        WorkflowServices services, DatabaseCredential credential, IDatabaseEngine engine, IAdminConnection admin, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < NameTries; tries++)
        {
            var username = UsernameGenerator.Generate(credential.UsernameTemplate, credential.Name, engine.UsernameRules, services.Time.GetUtcNow());
            if (await admin.IsNameTakenAsync(username, cancellationToken))
                continue;
            return await NewVersionAsync(services, credential, username, cancellationToken);
        }

        throw new RotationException(
            RotationErrorCode.InvalidArgument,
            $"No free user name was found in {NameTries} tries with the template '{credential.UsernameTemplate ?? UsernameGenerator.DefaultTemplate}'.",
            "Give the credential another -UsernameTemplate.");
    }

    private static async Task<DocumentLogin> NewVersionAsync(
        WorkflowServices services, DatabaseCredential credential, string username, CancellationToken cancellationToken)
    {
        var password = PasswordGenerator.Generate(credential.PasswordPolicy);
        return new(username, password.Reveal(), await services.Store.GetLastVersionAsync(credential.Id, cancellationToken) + 1);
    }

    private static void Require(Preflight preflight, IReadOnlyList<PlanBlocker> blockers)
    {
        if (preflight.MissingRights.Count > 0)
        {
            throw new RotationException(
                RotationErrorCode.AdminPrivilegeMissing,
                $"The admin login lacks rights that this rotation needs: {string.Join("; ", preflight.MissingRights)}",
                "Have them granted, or give another login with -AdminCredential.");
        }

        if (blockers.Count == 0)
            return;
        var named = string.Join(" ", blockers.Take(NamedBlockers).Select((blocker, index) => $"({index + 1}) {blocker}"));
        throw new RotationException(
            RotationErrorCode.PlanBlocked,
            $"{Text.Count(blockers.Count, "blocker")}: {named}",
            "Get-NebulaRotationPlan lists all of them.");
    }
}
