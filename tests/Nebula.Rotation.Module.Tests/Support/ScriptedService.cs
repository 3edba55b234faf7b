using System.Collections.Concurrent;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>An engine that does what a test says, and keeps what it was asked.</summary>
internal sealed class ScriptedService : IRotationService, IRotationServiceProvider
{
    private readonly ConcurrentQueue<string> _calls = new();

    public List<DatabaseCredential> Credentials { get; } = [];

    public List<RotationRecord> Records { get; } = [];

    public List<RotationServiceOptions> Opened { get; } = [];

    /// <summary>Each call in a line: the method, and the credential's name.</summary>
    public IReadOnlyList<string> Calls => [.. _calls];

    public List<RotationRequest> Requests { get; } = [];

    public NewCredential? Added { get; private set; }

    public CredentialChange? Change { get; private set; }

    public CredentialFilter? Filter { get; private set; }

    public TimeSpan? TestTimeout { get; private set; }

    public int Disposed { get; private set; }

    public Secret ConnectionString { get; set; } = new("postgresql://app:pw@db1/app");

    public RotationPlan? Plan { get; set; }

    /// <summary>Thrown by the method of this name.</summary>
    public Dictionary<string, Exception> Failures { get; } = [];

    /// <summary>What Rotate, Resume and Undo do, by credential; a rotation without surprises where none is given.</summary>
    public Dictionary<string, RotationScript> Scripts { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The results of a test, by credential.</summary>
    public Dictionary<string, CredentialTestResult[]> Tests { get; } = new(StringComparer.OrdinalIgnoreCase);

    public Task<IRotationService> OpenAsync(RotationServiceOptions options, CancellationToken cancellationToken)
    {
        Opened.Add(options);
        Fail("Open");
        return Task.FromResult<IRotationService>(this);
    }

    public Task<DatabaseCredential> AddAsync(NewCredential request, CancellationToken cancellationToken)
    {
        Note("Add", request.Credential.Name);
        Added = request;
        Credentials.Add(request.Credential);
        return Task.FromResult(request.Credential);
    }

    public Task<IReadOnlyList<DatabaseCredential>> FindAsync(CredentialFilter filter, CancellationToken cancellationToken)
    {
        Fail("Find");
        Filter = filter;
        return Task.FromResult<IReadOnlyList<DatabaseCredential>>([.. Credentials.Where(c =>
            (filter.Scope is null || c.Scope == filter.Scope)
            && (filter.DatabaseType is null || c.DatabaseType == filter.DatabaseType)
            && filter.Tags.All(c.Tag.Contains)
            && (filter.DueAt is null || c.NextRotationAt <= filter.DueAt)
            && (filter.Names.Count == 0 || filter.Names.Any(n => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(n, c.Name))))]);
    }

    public Task<DatabaseCredential> ChangeAsync(string name, string scope, CredentialChange change, CancellationToken cancellationToken)
    {
        Note("Change", name);
        Change = change;
        return Task.FromResult(change.Apply(Find(name, scope)));
    }

    public Task RemoveAsync(string name, string scope, CancellationToken cancellationToken)
    {
        Note("Remove", name);
        Credentials.Remove(Find(name, scope));
        return Task.CompletedTask;
    }

    public Task<Secret> GetConnectionStringAsync(string name, string scope, ConnectionStringFormat format, CancellationToken cancellationToken)
    {
        Note($"ConnectionString {format}", Find(name, scope).Name);
        return Task.FromResult(ConnectionString);
    }

    public Task<Login> GetLoginAsync(string name, string scope, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<CredentialTestResult>> TestAsync(string name, string scope, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        Note("Test", Find(name, scope).Name);
        TestTimeout = timeout;
        return Task.FromResult<IReadOnlyList<CredentialTestResult>>(Tests[name]);
    }

    public List<PermissionDifference> Differences { get; } = [];

    public Login? ComparedAs { get; private set; }

    public Task<IReadOnlyList<PermissionDifference>> CompareAsync(
        string name, string scope, string referenceUsername, string differenceUsername, Login? admin, CancellationToken cancellationToken)
    {
        Note($"Compare {referenceUsername} {differenceUsername}", Find(name, scope).Name);
        ComparedAs = admin;
        return Task.FromResult<IReadOnlyList<PermissionDifference>>(Differences);
    }

    public Task<RotationPlan> PlanAsync(RotationRequest request, CancellationToken cancellationToken)
    {
        Note("Plan", request.Name);
        lock (Requests)
            Requests.Add(request);
        return Task.FromResult(Plan ?? throw new NotSupportedException("The test has set no plan."));
    }

    public Task<RotationRecord> RotateAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        RunAsync("Rotate", request, observer, stop);

    public List<DueCredential> Due { get; } = [];

    public CredentialFilter? DueFilter { get; private set; }

    public FleetRequest? Fleet { get; private set; }

    public Task<IReadOnlyList<DueCredential>> FindDueAsync(CredentialFilter filter, CancellationToken cancellationToken)
    {
        Fail("FindDue");
        DueFilter = filter;
        return Task.FromResult<IReadOnlyList<DueCredential>>([.. Due]);
    }

    public async Task<RotationSummary> RotateManyAsync(FleetRequest request, IFleetObserver observer, CancellationToken stop)
    {
        Fleet = request;
        Fail("RotateMany");
        using var room = new SemaphoreSlim(request.ThrottleLimit);
        var isWanted = true;
        var gate = new object();
        var results = new List<FleetResult>();
        var running = new List<Task>();
        foreach (var member in request.Members)
        {
            await room.WaitAsync(CancellationToken.None);
            if (stop.IsCancellationRequested || !isWanted)
                break;
            IRotationObserver watcher;
            lock (gate)
                watcher = observer.OnBegin(member);
            running.Add(Task.Run(() => RunAsync(member, watcher), CancellationToken.None));
        }

        await Task.WhenAll(running);
        return new() { StartedAt = DateTimeOffset.UnixEpoch, Duration = TimeSpan.FromSeconds(1), Results = results, NextRotationAt = DateTimeOffset.UnixEpoch };

        async Task RunAsync(FleetMember member, IRotationObserver watcher)
        {
            var (outcome, failure) = (FleetOutcome.Rotated, (RotationException?)null);
            try
            {
                var record = await this.RunAsync(member.Action == DueAction.Finish ? "Resume" : "Rotate", member.Request, watcher, stop);
                if (record is { State: RotationState.RolledBack, ErrorCode: { } code })
                    failure = new(code, record.Message!, $"Get-NebulaRotation -RotationId {record.RotationId} shows its stages.");
            }
            catch (RotationException exception)
            {
                failure = exception;
            }

            if (failure is not null)
                outcome = failure.Code == RotationErrorCode.Stopped ? FleetOutcome.Stopped : FleetOutcome.Failed;
            var result = new FleetResult
            {
                Credential = member.Request.Name, Scope = member.Request.Scope, Outcome = outcome, ErrorCode = failure?.Code, Message = failure?.Message ?? "Done.",
            };
            Task<bool> heard;
            lock (gate)
            {
                results.Add(result);
                heard = observer.OnEndAsync(result, failure);
            }

            isWanted &= await heard;
            room.Release();
        }
    }

    public Task<RotationRecord> ResumeAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        RunAsync("Resume", request, observer, stop);

    public Task<RotationRecord> UndoAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop) =>
        RunAsync("Undo", request, observer, stop);

    public List<OrphanLogin> Orphans { get; } = [];

    public Task<IReadOnlyList<OrphanLogin>> FindOrphansAsync(string name, string scope, Login? admin, CancellationToken cancellationToken)
    {
        Note("FindOrphans", name);
        return Task.FromResult<IReadOnlyList<OrphanLogin>>([.. Orphans]);
    }

    public Task RemoveOrphanAsync(string name, string scope, string username, Login? admin, CancellationToken cancellationToken)
    {
        Note("RemoveOrphan", username);
        return Task.CompletedTask;
    }

    public List<AuditEvent> Audit { get; } = [];

    public AuditFilter? AuditFilter { get; private set; }

    public Task<IReadOnlyList<AuditEvent>> GetAuditAsync(AuditFilter filter, CancellationToken cancellationToken)
    {
        Fail("GetAudit");
        AuditFilter = filter;
        return Task.FromResult<IReadOnlyList<AuditEvent>>(Audit);
    }

    public Task<AuditTrailResult> TestAuditAsync(string? head, CancellationToken cancellationToken) =>
        Task.FromResult(new AuditTrailResult { IsIntact = head is null, Count = Audit.Count, Head = "1:AA", Message = head ?? "intact" });

    public ReportRequest? Report { get; private set; }

    public Task<RotationReport> RenderReportAsync(ReportRequest request, CancellationToken cancellationToken)
    {
        Fail("RenderReport");
        Report = request;
        return Task.FromResult(new RotationReport { Html = "<!DOCTYPE html>\n", GeneratedAt = DateTimeOffset.UnixEpoch, Credentials = request.Credentials.Count, Overdue = 0, Failures = 0, Open = 0 });
    }

    public List<StoreKeyRequest> KeyRequests { get; } = [];

    public StoreKeyImport? KeyImport { get; private set; }

    public Task<StoreKeyChange> ReplaceStoreKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(KeyChange(AuditAction.StoreKeyReplaced, request));

    public Task<StoreKeyChange> ExportStoreKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(KeyChange(AuditAction.StoreKeyExported, request));

    public Task<StoreKeyChange> ImportStoreKeyAsync(RotationServiceOptions options, StoreKeyImport request, CancellationToken cancellationToken)
    {
        KeyImport = request;
        return Task.FromResult(KeyChange(AuditAction.StoreKeyImported, new() { EscrowPath = options.Store }));
    }

    public Task<StoreMove> MoveStoreAsync(RotationServiceOptions source, RotationServiceOptions destination, CancellationToken cancellationToken) => Task.FromResult(
        new StoreMove { Store = source.Store ?? "", Destination = destination.Store!, Credentials = 2, Versions = 3, Rotations = 4, AuditEntries = 5, Message = "Copied." });

    public List<OwnershipRequest> OwnershipRequests { get; } = [];

    /// <summary>What a change of owner does; two objects and a result where nothing is given.</summary>
    public Func<IRotationObserver, CancellationToken, Task>? Conversion { get; set; }

    public async Task<OwnershipChange> ConvertOwnershipAsync(OwnershipRequest request, IRotationObserver observer, CancellationToken stop)
    {
        Note("ConvertOwnership", request.Name);
        OwnershipRequests.Add(request);
        var credential = Find(request.Name, request.Scope);
        observer.OnOwnership(Changes.Of(credential, OwnershipStep.OwnerRole));
        if (Conversion is not null)
            await Conversion(observer, stop);
        observer.OnStage(ScriptOf(request.Name).ResultOf(credential, RotationStage.MoveOwnership));
        observer.OnOwnership(Changes.Of(credential, OwnershipStep.Move));
        return Changes.Of(credential, OwnershipStep.Result);
    }

    public Task<RotationPlan> PlanOwnershipAsync(OwnershipRequest request, CancellationToken cancellationToken)
    {
        Note("PlanOwnership", request.Name);
        OwnershipRequests.Add(request);
        return Task.FromResult(Plan ?? throw new NotSupportedException("The test has set no plan."));
    }

    public Task<IReadOnlyList<RotationRecord>> GetRotationsAsync(RotationFilter filter, CancellationToken cancellationToken)
    {
        Fail("GetRotations");
        var found = Records.Where(r =>
            (filter.RotationId is null || r.RotationId == filter.RotationId)
            && (filter.Name is null || string.Equals(filter.Name, r.Credential, StringComparison.OrdinalIgnoreCase))
            && (filter.States.Count == 0 || filter.States.Contains(r.State)));
        return Task.FromResult<IReadOnlyList<RotationRecord>>([.. found.Take(filter.Last ?? int.MaxValue)]);
    }

    public ValueTask DisposeAsync()
    {
        Disposed++;
        return ValueTask.CompletedTask;
    }

    public RotationScript ScriptOf(string name)
    {
        lock (Scripts)
            return Scripts.TryGetValue(name, out var script) ? script : Scripts[name] = new RotationScript();
    }

    private StoreKeyChange KeyChange(AuditAction action, StoreKeyRequest request)
    {
        Note(action.ToString(), request.EscrowPath ?? "");
        KeyRequests.Add(request);
        return new()
        {
            Store = "store.db", Action = action, KeySource = "a key file", KeyId = "1b", FormerKeyId = "0a", At = DateTimeOffset.UnixEpoch, EscrowPath = request.EscrowPath, Message = "Done.",
        };
    }

    private Task<RotationRecord> RunAsync(string method, RotationRequest request, IRotationObserver observer, CancellationToken stop)
    {
        Note(method, request.Name);
        lock (Requests)
            Requests.Add(request);
        return ScriptOf(request.Name).RunAsync(Find(request.Name, request.Scope), observer, stop);
    }

    private DatabaseCredential Find(string name, string scope) =>
        Credentials.FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase) && c.Scope == scope)
        ?? throw new RotationException(RotationErrorCode.CredentialNotFound, $"No credential '{name}' in scope '{scope}'.");

    private void Note(string method, string name)
    {
        _calls.Enqueue($"{method} {name}");
        Fail(method.Split(' ')[0]);
    }

    private void Fail(string method)
    {
        if (Failures.TryGetValue(method, out var failure))
            throw failure;
    }
}
