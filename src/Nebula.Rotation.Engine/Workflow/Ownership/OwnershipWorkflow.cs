using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow.Ownership;

/// <summary>
/// What a credential's login owns moves to an owner role, or back. What is true is read from the catalog, before each round, so that a run can end
/// anywhere: whatever has moved has moved, the application works, and the same command goes on. The record says who did what when, and what the role
/// was like before.
/// </summary>
internal sealed class OwnershipWorkflow(WorkflowServices services)
{
    private const int NamedBlockers = 5;

    private readonly ICredentialStore _store = services.Store;

    public async Task<OwnershipChange> ConvertAsync(OwnershipRequest request, IRotationObserver observer, CancellationToken stop)
    {
        var credential = await LoadAsync(request, stop);
        var planner = GetPlanner(services, credential);
        if (credential.HoldReason is { } reason)
        {
            throw new RotationException(
                RotationErrorCode.CredentialOnHold,
                $"'{credential.Name}' is on hold: {reason}",
                $"Nothing was changed. Lift the hold: Set-NebulaDbCredential -Name '{credential.Name}' -Hold ''.");
        }

        await using var lease = await LeaseKeeper.TakeAsync(_store, credential.Id, services.Timing.LeaseDuration, services.Time, stop);
        var history = await OwnershipHistory.ReadAsync(_store, credential, stop);
        if (history.OpenRotation is { } rotation)
        {
            throw new RotationException(
                RotationErrorCode.RotationOpen,
                $"'{credential.Name}' has an open rotation ({rotation.RotationId}, {rotation.State}), which moves what '{rotation.OldUsername}' owns itself.",
                $"Nothing was changed. Finish it first: Resume-NebulaRotation -Name '{credential.Name}'.");
        }

        var owner = GetOwner(services, credential, request, history);
        return await RunAsync(credential, planner, owner, request.Owner is not null, request.Undo, request.Admin, lease, history, observer, stop);
    }

    /// <summary>Goes on with a record that a runner left open, in its direction.</summary>
    public async Task<RotationRecord> FinishAsync(
        RotationRecord record, DatabaseCredential credential, Login? admin, LeaseKeeper lease, IRotationObserver observer, CancellationToken stop)
    {
        var history = await OwnershipHistory.ReadAsync(_store, credential, stop);
        var undo = record.Kind == RotationKind.OwnershipUndo;
        await RunAsync(
            credential, GetPlanner(services, credential), undo ? record.OldUsername : record.NewUsername, named: true, undo, admin, lease, history, observer, stop);
        return (await _store.ReadRotationAsync(record.RotationId, CancellationToken.None))!.Record;
    }

    /// <summary>
    /// Closes a record that a runner left open, so that a rotation can have its turn: a login that owns a part of its objects only is rotated like any other.
    /// </summary>
    public static Task SetAsideAsync(ICredentialStore store, LeaseKeeper lease, RotationRecord record, TimeProvider time, CancellationToken cancellationToken) =>
        store.SetStateAsync(
            lease.Lease,
            record.RotationId,
            new() { State = RotationState.Incomplete, FinishedAt = time.GetUtcNow(), Message = "Its runner died; a rotation came before it was gone on with." },
            cancellationToken);

    public async Task<RotationPlan> PlanAsync(OwnershipRequest request, CancellationToken cancellationToken)
    {
        var credential = await LoadAsync(request, cancellationToken);
        var planner = GetPlanner(services, credential);
        var history = await OwnershipHistory.ReadAsync(_store, credential, cancellationToken);
        var owner = GetOwner(services, credential, request, history);
        var adminLogin = await AdminLogins.FindAsync(_store, credential, request.Admin, cancellationToken);
        await using var admin = await services.Engines.Get(credential.DatabaseType).ConnectAdminAsync(credential, adminLogin, cancellationToken);
        var reading = await admin.ReadOwnershipAsync(credential.Username, owner, cancellationToken);
        Require(credential, planner, reading, owner, request.Owner is not null || history.Conversions(owner).Count > 0);

        var oldest = await history.OldestAsync(_store, owner, cancellationToken);
        var blockers = request.Undo
            ? planner.FindReturnBlockers(reading.Login, reading.Owner, oldest?.TargetBefore, history.Usernames)
            : planner.FindBlockers(reading.Login, reading.Owner);
        var statements = request.Undo
            ? [.. await ReturnAsync(planner, reading, credential, owner, history, cancellationToken), .. Release(planner, reading, credential, oldest)]
            : planner.PlanOwner(reading.Login, reading.Owner, Mark(credential))
                .Concat(planner.PlanMove(reading.Login, reading.Owner))
                .SelectMany(step => step.Statements);
        return new()
        {
            Credential = credential.Name,
            Scope = credential.Scope,
            DatabaseType = credential.DatabaseType,
            Strategy = credential.Strategy,
            OldUsername = credential.Username,
            NewUsername = owner,
            Facts = reading.Login.Facts,
            Statements = [.. statements.Select(statement => statement.ToPlanStatement())],
            Blockers = [.. blockers, .. reading.MissingRights.Select(right => new PlanBlocker(adminLogin.Username, $"lacks a right: {right}", "Have it granted."))],
            Warnings = request.Undo ? [] : planner.FindWarnings(reading.Login, reading.Owner),
        };
    }

    /// <summary>The text by which a role that was made for a credential is known, whoever asks the catalog.</summary>
    public static string Mark(DatabaseCredential credential) => $"Owns what the logins of the credential {credential.Id:D} would own (Nebula.Rotation).";

    private async Task<OwnershipChange> RunAsync(
        DatabaseCredential credential,
        IOwnershipPlanner planner,
        string owner,
        bool named,
        bool undo,
        Login? givenAdmin,
        LeaseKeeper lease,
        OwnershipHistory history,
        IRotationObserver observer,
        CancellationToken stop)
    {
        var clock = new StageClock(RotationStage.Prepare, services.Time);
        var engine = services.Engines.Get(credential.DatabaseType);
        var adminLogin = await AdminLogins.FindAsync(_store, credential, givenAdmin, stop);
        var admin = await engine.ConnectAdminAsync(credential, adminLogin, stop);
        RotationRun run;
        OwnershipReading reading;
        try
        {
            await RotationRun.LockAsync(admin, lease, credential.Username, owner, stop);
            reading = await admin.ReadOwnershipAsync(credential.Username, owner, stop);
            Require(credential, planner, reading, owner, named || history.Conversions(owner).Count > 0);
            if (reading.MissingRights.Count > 0)
            {
                throw new RotationException(
                    RotationErrorCode.AdminPrivilegeMissing,
                    $"The admin login '{adminLogin.Username}' lacks: {string.Join("; ", reading.MissingRights)}",
                    "Nothing was changed.");
            }

            var before = (await history.OldestAsync(_store, owner, stop))?.TargetBefore;
            Require(undo ? planner.FindReturnBlockers(reading.Login, reading.Owner, before, history.Usernames) : planner.FindBlockers(reading.Login, reading.Owner));
            if (!undo)
            {
                foreach (var warning in planner.FindWarnings(reading.Login, reading.Owner))
                    observer.OnMessage(RotationMessageKind.Warning, warning);
            }

            if (history.Open is null && await IsDoneAsync(credential, planner, reading, owner, undo, history, stop))
            {
                await admin.DisposeAsync();
                return Nothing(credential, owner, undo, clock);
            }

            run = await BeginAsync(credential, engine, adminLogin, reading, undo, lease, history, observer, stop);
            run.Adopt(admin);
        }
        catch
        {
            await admin.DisposeAsync();
            throw;
        }

        await using (run)
        {
            try
            {
                await run.ReportAsync(
                    clock, StageStatus.Succeeded, $"'{run.OldUsername}' owns {Text.Count(OwnershipMove.Owned(undo ? reading.Owner : reading.Login), "object")}; no blocker.", stop);
                return undo
                    ? await OwnershipMove.BackAsync(run, planner, Mark(credential), history)
                    : await OwnershipMove.ForwardAsync(run, planner, Mark(credential));
            }
            catch (Exception exception)
            {
                throw await OwnershipMove.FailAsync(run, exception);
            }
        }
    }

    /// <summary>Goes on with an open record of the same direction and role; another one is reversed by a new record.</summary>
    private async Task<RotationRun> BeginAsync(
        DatabaseCredential credential,
        IDatabaseEngine engine,
        Login adminLogin,
        OwnershipReading reading,
        bool undo,
        LeaseKeeper lease,
        OwnershipHistory history,
        IRotationObserver observer,
        CancellationToken stop)
    {
        var kind = undo ? RotationKind.OwnershipUndo : RotationKind.Ownership;
        var (from, to) = undo ? (reading.Owner, reading.Login) : (reading.Login, reading.Owner);
        if (history.Open is { } open && open.Kind == kind && open.OldUsername == from.Username && open.NewUsername == to.Username
            && await _store.ReadRotationAsync(open.RotationId, stop) is { } journal)
        {
            var known = RotationDocument.Deserialize(journal.Document);
            var resumed = NewRun(open, known);
            resumed.Remember(journal.Entries);
            await resumed.SetStateAsync(new() { State = RotationState.Running }, stop);
            return resumed;
        }

        var document = new RotationDocument
        {
            Settings = new(),
            // No password is needed, so none is here.
            From = new(from.Username, "", credential.Version),
            To = new(to.Username, "", credential.Version),
            Source = from,
            TargetBefore = to,
        };
        var record = new RotationRecord
        {
            RotationId = Guid.NewGuid(),
            CredentialId = credential.Id,
            Credential = credential.Name,
            Scope = credential.Scope,
            DatabaseType = credential.DatabaseType,
            Kind = kind,
            State = RotationState.Running,
            OldUsername = from.Username,
            NewUsername = to.Username,
            FromVersion = credential.Version,
            ToVersion = credential.Version,
            StartedAt = services.Time.GetUtcNow(),
            Runner = RotationRun.ThisRunner,
            Reverses = history.Open?.RotationId,
        };
        await _store.BeginRotationAsync(lease.Lease, record, document.Serialize(), stop);
        return NewRun(record, document);

        RotationRun NewRun(RotationRecord of, RotationDocument with) => new(services, lease, observer, stop)
        {
            Credential = credential,
            Engine = engine,
            AdminLogin = adminLogin,
            Record = of,
            Document = with,
            Settings = with.Settings,
        };
    }

    private async Task<bool> IsDoneAsync(
        DatabaseCredential credential, IOwnershipPlanner planner, OwnershipReading reading, string owner, bool undo, OwnershipHistory history, CancellationToken cancellationToken)
    {
        if (!undo)
            return planner.PlanOwner(reading.Login, reading.Owner, Mark(credential)).Count == 0 && planner.PlanMove(reading.Login, reading.Owner).Count == 0;
        return !reading.Owner.Exists
            || ((await ReturnAsync(planner, reading, credential, owner, history, cancellationToken)).Count == 0
                && Release(planner, reading, credential, await history.OldestAsync(_store, owner, cancellationToken)).Count == 0);
    }

    private async Task<IReadOnlyList<PlannedStatement>> ReturnAsync(
        IOwnershipPlanner planner, OwnershipReading reading, DatabaseCredential credential, string owner, OwnershipHistory history, CancellationToken cancellationToken)
    {
        var moved = planner.IsMarked(reading.Owner, Mark(credential)) ? null : await history.MovedAsync(_store, owner, cancellationToken);
        return [.. OwnershipMove.Returnable(planner.PlanReturn(reading.Login, reading.Owner), moved).SelectMany(step => step.Statements)];
    }

    private static IReadOnlyList<PlannedStatement> Release(IOwnershipPlanner planner, OwnershipReading reading, DatabaseCredential credential, RotationDocument? oldest)
    {
        // By then the role owns nothing.
        var owner = reading.Owner with { Facts = [.. reading.Owner.Facts.Where(fact => !fact.IsExclusive)] };
        return planner.IsMarked(owner, Mark(credential)) ? planner.PlanDrop(reading.Login, owner)
            : oldest is null ? []
            : planner.PlanRelease(reading.Login, owner, oldest.TargetBefore);
    }

    private static OwnershipChange Nothing(DatabaseCredential credential, string owner, bool undo, StageClock clock) => new()
    {
        RotationId = Guid.Empty,
        Credential = credential.Name,
        Scope = credential.Scope,
        DatabaseType = credential.DatabaseType,
        Step = OwnershipStep.Result,
        Status = StageStatus.Skipped,
        OldOwner = undo ? owner : credential.Username,
        NewOwner = undo ? credential.Username : owner,
        StartedAt = clock.StartedAt,
        Duration = clock.Elapsed,
        Message = undo ? $"'{owner}' owns nothing of '{credential.Username}'." : $"'{credential.Username}' owns nothing, and '{owner}' has all that it needs.",
    };

    private async Task<DatabaseCredential> LoadAsync(OwnershipRequest request, CancellationToken cancellationToken) =>
        await _store.FindAsync(request.Name, request.Scope, cancellationToken) ?? throw NotFound.Credential(request.Name, request.Scope, _store.Location);

    private static IOwnershipPlanner GetPlanner(WorkflowServices services, DatabaseCredential credential) =>
        services.Engines.Get(credential.DatabaseType).OwnershipPlanner
        ?? throw new RotationException(
            RotationErrorCode.UnsupportedDatabaseType,
            $"'{credential.Name}' is a {credential.DatabaseType} login: there, objects have no owner that a role without a login could be.",
            "Nothing was changed. Convert-NebulaOwnership is for PostgreSQL.");

    /// <summary>The role's name: the one given, the one that an earlier conversion took, or the one made from the credential's name.</summary>
    private static string GetOwner(WorkflowServices services, DatabaseCredential credential, OwnershipRequest request, OwnershipHistory history)
    {
        var engine = services.Engines.Get(credential.DatabaseType);
        var owner = request.Owner ?? history.LastOwner ?? UsernameGenerator.OwnerRole(credential.Name, engine.UsernameRules);
        AlternateLogins.Validate(engine, credential, owner);
        if (history.Usernames.Contains(owner) || owner == credential.Username)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"'{owner}' is a login of '{credential.Name}' itself.", "Nothing was changed. Give the name of another role with -Owner.");
        }

        return owner;
    }

    private static void Require(DatabaseCredential credential, IOwnershipPlanner planner, OwnershipReading reading, string owner, bool isMeant)
    {
        if (!reading.Login.Exists)
        {
            throw new RotationException(
                RotationErrorCode.StoreDatabaseMismatch,
                $"The store names '{credential.Username}' as live, and the server has no such login.",
                $"Nothing was changed. Give the store the login that works: Set-NebulaDbCredential -Name '{credential.Name}' -Credential (Get-Credential).");
        }

        if (reading.Owner.Exists && !isMeant && !planner.IsMarked(reading.Owner, Mark(credential)))
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"There is a role '{owner}' already that was not made for '{credential.Name}'.",
                $"Nothing was changed. If that role is to own what '{credential.Username}' owns, say so with -Owner '{owner}'; otherwise give another name.");
        }
    }

    private static void Require(IReadOnlyList<PlanBlocker> blockers)
    {
        if (blockers.Count == 0)
            return;
        var named = string.Join(" ", blockers.Take(NamedBlockers).Select((blocker, index) => $"({index + 1}) {blocker}"));
        throw new RotationException(
            RotationErrorCode.PlanBlocked, $"{Text.Count(blockers.Count, "blocker")}: {named}", "Nothing was changed. Convert-NebulaOwnership -WhatIf lists all of them.");
    }
}
