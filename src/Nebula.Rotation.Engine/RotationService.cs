using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Reporting;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Engine.Workflow.Fleets;
using Nebula.Rotation.Engine.Workflow.Ownership;
using Nebula.Rotation.Engine.Workflow.Stages;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Scheduling;

namespace Nebula.Rotation.Engine;

/// <summary>The engine as callers see it: credentials by name, and the workflow.</summary>
internal sealed class RotationService(WorkflowServices services) : IRotationService
{
    private readonly ICredentialStore _store = services.Store;
    private readonly RotationWorkflow _workflow = new(services);

    public async Task<DatabaseCredential> AddAsync(NewCredential request, CancellationToken cancellationToken)
    {
        var credential = request.Credential;
        var engine = services.Engines.Get(credential.DatabaseType);
        Validate(engine, credential);
        UsernameGenerator.ValidateUsername(request.Login.Username, engine.UsernameRules);
        if (StrategyOptions.GetAlternateUsername(credential) == request.Login.Username)
            throw AlternateLogins.NotAnother(request.Login.Username);
        if (await _store.FindAsync(credential.Name, credential.Scope, cancellationToken) is not null)
        {
            throw new RotationException(
                RotationErrorCode.CredentialExists,
                $"The store has a credential '{credential.Name}' in scope '{credential.Scope}' already.",
                "Nothing was changed. Take another name, or change the stored one with Set-NebulaDbCredential.");
        }

        RequireAnotherAdmin(credential, request.Login.Username, request.Admin);
        if (!request.SkipCheck)
        {
            await RequireLoginAsync(engine, credential, request.Login, cancellationToken);
            if (request.Admin is { } admin)
                await RequireAdminAsync(engine, credential, admin, cancellationToken);
        }

        return await _store.AddAsync(credential with { Username = request.Login.Username }, request.Login, request.Admin, cancellationToken);
    }

    public async Task<IReadOnlyList<DatabaseCredential>> FindAsync(CredentialFilter filter, CancellationToken cancellationToken)
    {
        var found = await _store.ListAsync(filter, cancellationToken);
        // Its time has come, and its maintenance window is not over: those that a run by the schedule would rotate now.
        return filter.DueAt is { } now ? [.. found.Where(credential => RotationSchedule.IsOpen(credential, now))] : found;
    }

    public async Task<DatabaseCredential> ChangeAsync(string name, string scope, CredentialChange change, CancellationToken cancellationToken)
    {
        var before = await LoadAsync(name, scope, cancellationToken);
        var changed = change.Apply(before) with
        {
            Id = before.Id,
            Name = before.Name,
            Scope = before.Scope,
            Username = before.Username,
            Version = before.Version,
            Revision = before.Revision,
        };
        var engine = services.Engines.Get(changed.DatabaseType);
        Validate(engine, changed);
        if (!change.SkipTargetCheck)
            await RequireTargetsAsync(engine, before, changed, cancellationToken);
        if (change.Login is { } login)
        {
            UsernameGenerator.ValidateUsername(login.Username, engine.UsernameRules);
            await RequireLoginAsync(engine, changed, login, cancellationToken);
        }

        RequireAnotherAdmin(changed, change.Login?.Username ?? changed.Username, change.Admin);
        if (change.Admin is { } admin)
            await RequireAdminAsync(engine, changed, admin, cancellationToken);
        return await _store.UpdateAsync(changed, change.Admin, change.Login, cancellationToken);
    }

    public async Task RemoveAsync(string name, string scope, CancellationToken cancellationToken) =>
        await _store.RemoveAsync((await LoadAsync(name, scope, cancellationToken)).Id, cancellationToken);

    public async Task<Secret> GetConnectionStringAsync(
        string name, string scope, ConnectionStringFormat format, CancellationToken cancellationToken)
    {
        var credential = await LoadAsync(name, scope, cancellationToken);
        var current = await _store.GetCurrentLoginAsync(credential.Id, cancellationToken);
        return services.Engines.Get(credential.DatabaseType).FormatConnectionString(credential, current.Login, format);
    }

    public async Task<Login> GetLoginAsync(string name, string scope, CancellationToken cancellationToken) =>
        (await _store.GetCurrentLoginAsync((await LoadAsync(name, scope, cancellationToken)).Id, cancellationToken)).Login;

    public async Task<IReadOnlyList<CredentialTestResult>> TestAsync(
        string name, string scope, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var credential = await LoadAsync(name, scope, cancellationToken);
        if (timeout is { } limit)
            credential = credential with { ConnectionTimeout = limit };
        var current = await _store.GetCurrentLoginAsync(credential.Id, cancellationToken);
        var checks = await services.Engines.Get(credential.DatabaseType).CheckLoginAsync(credential, current.Login, null, cancellationToken);
        var disagreement = await new Agreement(services).FindAsync(credential, current.Login, checks, null, cancellationToken);
        var drift = disagreement is null ? await new DriftReader(services).ReadAsync(credential, cancellationToken) : DriftReading.None;
        var stale = await TargetStage.FindStaleAsync(services, services.Engines.Get(credential.DatabaseType), credential, current.Login, cancellationToken);
        return [.. checks.Select(check => check with { Scope = credential.Scope }).Select(AddDisagreement).Select(drift.AddTo).Select(AddStale)];

        CredentialTestResult AddDisagreement(CredentialTestResult result) => disagreement is null || result.ErrorCode != RotationErrorCode.AuthenticationFailed ? result : result with
        {
            ErrorCode = disagreement.Code,
            Message = $"{disagreement.Message} {disagreement.RecommendedAction}",
            RecommendedAction = disagreement.RecommendedAction,
        };

        CredentialTestResult AddStale(CredentialTestResult result) => stale is null ? result : result with
        {
            StaleTargets = [.. stale.Select(found => found.Target)],
            Message = string.Join(' ', stale.Select(found => found.Found).Prepend(result.Message)),
        };
    }

    public async Task<IReadOnlyList<PermissionDifference>> CompareAsync(
        string name, string scope, string referenceUsername, string differenceUsername, Login? admin, CancellationToken cancellationToken)
    {
        var credential = await LoadAsync(name, scope, cancellationToken);
        return await new PermissionComparer(services).CompareAsync(credential, referenceUsername, differenceUsername, admin, cancellationToken);
    }

    public async Task<RotationPlan> PlanAsync(RotationRequest request, CancellationToken cancellationToken) =>
        await new PlanReader(services).ReadAsync(await LoadAsync(request.Name, request.Scope, cancellationToken), request, cancellationToken);

    public Task<RotationRecord> RotateAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        RotateAsync(request, observer, onlyIfDue: false, stop);

    public Task<RotationRecord> ResumeAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        ResumeAsync(request, observer, onlyIfUnfinished: false, stop);

    public Task<RotationRecord> UndoAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        Telemetry.WatchAsync("undo", request, () => StopAsRotationExceptionAsync(request.Name, () => _workflow.UndoAsync(request, observer, stop)));

    public Task<IReadOnlyList<DueCredential>> FindDueAsync(CredentialFilter filter, CancellationToken cancellationToken) =>
        new DueFinder(services).FindAsync(filter, cancellationToken);

    public async Task<RotationSummary> RotateManyAsync(FleetRequest request, IFleetObserver observer, CancellationToken stop)
    {
        await using var idle = new IdleSessions(services.Time);
        var run = new RotationService(services with { IdleAdmins = request.Members.Count > 1 ? idle : null });
        return await new FleetRunner(services, run.RunAsync).RunAsync(request, observer, stop);
    }

    public Task<OwnershipChange> ConvertOwnershipAsync(OwnershipRequest request, IRotationObserver observer, CancellationToken stop) =>
        StopAsRotationExceptionAsync(request.Name, () => new OwnershipWorkflow(services).ConvertAsync(request, observer, stop));

    public Task<RotationPlan> PlanOwnershipAsync(OwnershipRequest request, CancellationToken cancellationToken) =>
        new OwnershipWorkflow(services).PlanAsync(request, cancellationToken);

    public Task<IReadOnlyList<RotationRecord>> GetRotationsAsync(RotationFilter filter, CancellationToken cancellationToken) =>
        _store.ListRotationsAsync(filter, cancellationToken);

    public async Task<IReadOnlyList<OrphanLogin>> FindOrphansAsync(string name, string scope, Login? admin, CancellationToken cancellationToken) =>
        await new Orphans(services).FindAsync(await LoadAsync(name, scope, cancellationToken), admin, cancellationToken);

    public async Task RemoveOrphanAsync(string name, string scope, string username, Login? admin, CancellationToken cancellationToken) =>
        await new Orphans(services).RemoveAsync(await LoadAsync(name, scope, cancellationToken), username, admin, cancellationToken);

    public Task<IReadOnlyList<AuditEvent>> GetAuditAsync(AuditFilter filter, CancellationToken cancellationToken) => _store.ListAuditAsync(filter, cancellationToken);

    public Task<AuditTrailResult> TestAuditAsync(string? head, CancellationToken cancellationToken) => _store.CheckAuditAsync(head, cancellationToken);

    public async Task<RotationReport> RenderReportAsync(ReportRequest request, CancellationToken cancellationToken) =>
        ReportPage.Render(await new ReportReader(_store, services.Time).ReadAsync(request, cancellationToken));

    public Task<StoreKeyChange> ReplaceStoreKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => _store.ReplaceKeyAsync(request, cancellationToken);

    public Task<StoreKeyChange> ExportStoreKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => _store.ExportKeyAsync(request, cancellationToken);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private Task<RotationRecord> RotateAsync(RotationRequest request, IRotationObserver observer, bool onlyIfDue, CancellationToken stop) =>
        Telemetry.WatchAsync("rotate", request, () => StopAsRotationExceptionAsync(request.Name, () => _workflow.RotateAsync(request, observer, onlyIfDue, stop)));

    private async Task<RotationRecord> RunAsync(FleetMember member, bool isScheduled, IRotationObserver observer, CancellationToken stop)
    {
        if (member.Action == DueAction.Rotate)
            return await RotateAsync(member.Request, observer, isScheduled, stop);
        var finished = await ResumeAsync(member.Request, observer, onlyIfUnfinished: isScheduled, stop);
        // What a crash left before its flip has been undone; if it was due then it still is.
        return isScheduled && finished.State == RotationState.RolledBack && await IsDueAsync(member.Request, stop)
            ? await RotateAsync(member.Request, observer, onlyIfDue: true, stop)
            : finished;
    }

    private Task<RotationRecord> ResumeAsync(RotationRequest request, IRotationObserver observer, bool onlyIfUnfinished, CancellationToken stop) =>
        Telemetry.WatchAsync("resume", request, () => StopAsRotationExceptionAsync(request.Name, () => _workflow.ResumeAsync(request, observer, stop, onlyIfUnfinished)));

    private async Task<bool> IsDueAsync(RotationRequest request, CancellationToken cancellationToken)
    {
        var (credential, now) = (await LoadAsync(request.Name, request.Scope, cancellationToken), services.Time.GetUtcNow());
        return credential.HoldReason is null && credential.NextRotationAt <= now && RotationSchedule.IsOpen(credential, now);
    }

    /// <summary>A stop while nothing has been touched yet ends in the same kind of error as a later one.</summary>
    private static async Task<T> StopAsRotationExceptionAsync<T>(string name, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (OperationCanceledException exception)
        {
            throw new RotationException(
                RotationErrorCode.Stopped, $"'{name}': stopped on request before anything was changed.", innerException: exception);
        }
    }

    /// <summary>Targets that are new can be written here and now, or nothing is stored.</summary>
    private async Task RequireTargetsAsync(IDatabaseEngine engine, DatabaseCredential before, DatabaseCredential changed, CancellationToken cancellationToken)
    {
        var added = changed.PublishTargets.Where(target => before.PublishTargets.All(known => known.Id != target.Id)).ToList();
        if (added.Count == 0)
            return;
        var live = (await _store.GetCurrentLoginAsync(before.Id, cancellationToken)).Login;
        var check = await TargetStage.CheckAsync(services, engine, changed, live, added, null, null, cancellationToken);
        if (check.Blockers is [var blocker, ..])
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"{blocker.ObjectName} cannot be published to: {blocker.Reason}", $"Nothing was stored. {blocker.Action} Or store it unchecked with -SkipCheck.");
        }
    }

    private void Validate(IDatabaseEngine engine, DatabaseCredential credential)
    {
        if (string.IsNullOrWhiteSpace(credential.Name) || credential.Name.Any(char.IsControl))
            throw new RotationException(RotationErrorCode.InvalidArgument, "A credential's name must be a text without control characters.");
        if (credential.HostName.Count == 0 || credential.HostName.Any(string.IsNullOrWhiteSpace))
            throw new RotationException(RotationErrorCode.InvalidArgument, "A credential needs at least one host name.");
        if (credential.Port is < 1 or > 65535)
            throw new RotationException(RotationErrorCode.InvalidArgument, $"The port {credential.Port} is not from 1 to 65535.");
        PasswordGenerator.Validate(credential.PasswordPolicy);
        UsernameGenerator.ValidateTemplate(credential.UsernameTemplate, engine.UsernameRules);
        engine.Validate(credential);
        services.Publishers.Validate(credential);
        RotationSchedule.Validate(credential);
        Pairs.Validate(credential);
        if (StrategyOptions.GetAlternateUsername(credential) is { } alternate)
            AlternateLogins.Validate(engine, credential, alternate);
    }

    /// <summary>A stored copy of the admin's password would be the wrong one after its first rotation.</summary>
    private static void RequireAnotherAdmin(DatabaseCredential credential, string username, Login? admin)
    {
        if (admin?.Username != username)
            return;
        throw new RotationException(
            RotationErrorCode.InvalidArgument,
            $"'{username}' is the login of '{credential.Name}' itself; as its stored admin it would be out of date after the first rotation.",
            $"Nothing was stored. Say that it is its own admin, and the live password is taken each time: -AdminCredentialName '{credential.Name}'.");
    }

    private static async Task RequireLoginAsync(
        IDatabaseEngine engine, DatabaseCredential credential, Login login, CancellationToken cancellationToken)
    {
        var checks = await engine.CheckLoginAsync(credential, login, null, cancellationToken);
        if (checks.FirstOrDefault(check => !check.Succeeded) is not { } failed)
            return;
        throw new RotationException(
            failed.ErrorCode ?? RotationErrorCode.ServerUnreachable,
            $"'{login.Username}' cannot be used: {failed.Message}",
            "Nothing was stored or changed. Give a login that works, or store it unchecked with -SkipCheck.");
    }

    private static async Task RequireAdminAsync(
        IDatabaseEngine engine, DatabaseCredential credential, Login admin, CancellationToken cancellationToken)
    {
        await using var connection = await engine.ConnectAdminAsync(credential, admin, cancellationToken);
    }

    private async Task<DatabaseCredential> LoadAsync(string name, string scope, CancellationToken cancellationToken) =>
        await _store.FindAsync(name, scope, cancellationToken) ?? throw NotFound.Credential(name, scope, _store.Location);
}
