using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>One record at work: what every stage needs, and the two ways in which it speaks, the journal and the observer.</summary>
internal sealed class RotationRun(WorkflowServices services, LeaseKeeper lease, IRotationObserver observer, CancellationToken stop) : IAsyncDisposable
{
    private readonly HashSet<(string Step, JournalPhase Phase)> _journal = [];

    private IAdminConnection? _admin;

    /// <summary>Who runs, for the record: whoever looks for the process that left it open needs to know where.</summary>
    public static string ThisRunner { get; } = $"{Environment.UserName}@{Environment.MachineName}, process {Environment.ProcessId}";

    public WorkflowServices Services { get; } = services;

    public ICredentialStore Store => Services.Store;

    public RotationTiming Timing => Services.Timing;

    public TimeProvider Time => Services.Time;

    public IRotationObserver Observer { get; } = observer;

    public Lease Lease => lease.Lease;

    /// <summary>Asks to stop at the next safe point.</summary>
    public CancellationToken Stop { get; } = stop;

    /// <summary>Cancelled when the lease is lost: nothing more may be touched, not even to undo.</summary>
    public CancellationToken LeaseLost => lease.Lost;

    public required DatabaseCredential Credential { get; init; }

    public required IDatabaseEngine Engine { get; init; }

    /// <summary>Who does the work: of an admin that rotates itself the one that is live, see <see cref="FollowOwnAdminAsync"/>.</summary>
    public required Login AdminLogin { get; set; }

    public required RotationRecord Record { get; init; }

    public required RotationDocument Document { get; init; }

    /// <summary>The settings of this run; the document's are those it would be finished with by another.</summary>
    public required RotationSettings Settings { get; init; }

    public string OldUsername => Document.From.Username;

    public string NewUsername => Document.To.Username;

    public ILoginPlanner Planner => Engine.Planner;

    public Guid Id => Record.RotationId;

    /// <summary>True when a login is left idle where it would be dropped: its turn comes again.</summary>
    public bool TakesTurns => Document.Strategy == RotationStrategy.AlternatingUsers;

    /// <summary>True when both logins have one name, and differ in their passwords only.</summary>
    public bool SharesName => Document.Strategy == RotationStrategy.DualPassword;

    /// <summary>The old login in a message.</summary>
    public string OldLogin => SharesName ? $"'{OldUsername}' with its old password" : $"'{OldUsername}'";

    /// <summary>The new login in a message.</summary>
    public string NewLogin => SharesName ? $"'{NewUsername}' with its new password" : $"'{NewUsername}'";

    /// <summary>The admin's connection, made when first needed and holding the lock of both names.</summary>
    public async Task<IAdminConnection> GetAdminAsync(CancellationToken cancellationToken)
    {
        if (_admin is not null)
            return _admin;
        var admin = await Services.ConnectAdminAsync(Engine, Credential, AdminLogin, OldUsername, cancellationToken);
        try
        {
            await LockAsync(admin, lease, OldUsername, NewUsername, cancellationToken);
        }
        catch
        {
            await admin.DisposeAsync();
            throw;
        }

        return _admin = admin;
    }

    /// <summary>Takes over a connection that holds the locks already.</summary>
    public void Adopt(IAdminConnection admin) => _admin = admin;

    /// <summary>Forgets a connection that broke, so that the next step makes a new one.</summary>
    public async Task ReconnectAsync()
    {
        if (_admin is not { } admin)
            return;
        _admin = null;
        await admin.DisposeAsync();
    }

    /// <summary>
    /// An admin that rotates itself goes on as its new login once that is live: it could neither drain nor drop the one that it is. Verify has proved that
    /// the new one has what the old one had.
    /// </summary>
    public async Task FollowOwnAdminAsync()
    {
        if (AdminLogin.Username != OldUsername)
            return;
        AdminLogin = Document.To.ToLogin();
        await ReconnectAsync();
    }

    /// <summary>
    /// Both names in a fixed order, so that two runs with the same pair cannot wait for each other. Whoever has a lock already is ended, so it is asked first
    /// whether this runner is not itself the one whose time is over.
    /// </summary>
    public static async Task LockAsync(IAdminConnection admin, LeaseKeeper lease, string first, string second, CancellationToken cancellationToken)
    {
        admin.LeaseCheck = lease.CheckAsync;
        await lease.CheckAsync(cancellationToken);
        foreach (var name in new[] { first, second }.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            await admin.LockTargetAsync(name, cancellationToken);
    }

    /// <summary>True when a consumer may have been told of the new login, even if it was told otherwise since.</summary>
    public bool HasTold { get; private set; }

    public bool Has(string step, JournalPhase phase) => _journal.Contains((step, phase));

    public void Remember(IEnumerable<JournalEntry> entries)
    {
        foreach (var entry in entries)
            Remember(entry.Step, entry.Phase);
    }

    public async Task JournalAsync(RotationStage stage, string step, JournalPhase phase, CancellationToken cancellationToken)
    {
        await Store.AppendJournalAsync(lease.Lease, Id, new(stage, step, phase, Time.GetUtcNow()), cancellationToken);
        Remember(step, phase);
    }

    /// <summary>Writes the document again, after a stage added to it.</summary>
    public Task SaveDocumentAsync(CancellationToken cancellationToken) =>
        Store.WriteDocumentAsync(lease.Lease, Id, Document.Serialize(), cancellationToken);

    public Task SetStateAsync(RotationStateChange change, CancellationToken cancellationToken) =>
        Store.SetStateAsync(lease.Lease, Id, change with { Runner = ThisRunner }, cancellationToken);

    public Task PublishVersionAsync(CancellationToken cancellationToken) =>
        Store.PublishVersionAsync(lease.Lease, Id, Document.To.Version, Document.To.ToLogin(), cancellationToken);

    /// <summary>A login that has its turn again is kept for an undo no longer: closes the record that kept it.</summary>
    public async Task EndRetentionAsync(CancellationToken cancellationToken)
    {
        var retained = await Store.ListRotationsAsync(
            new() { Name = Credential.Name, Scope = Credential.Scope, States = [RotationState.Retained] }, cancellationToken);
        foreach (var record in retained.Where(record => record.OldUsername == NewUsername))
        {
            await Store.SetStateAsync(
                lease.Lease, record.RotationId, new() { State = RotationState.Completed, FinishedAt = record.FinishedAt }, cancellationToken);
        }
    }

    /// <summary>Gives an earlier record of the credential its last state.</summary>
    public Task CloseOtherAsync(RotationRecord record, RotationState state, CancellationToken cancellationToken) =>
        Store.SetStateAsync(
            lease.Lease, record.RotationId, new() { State = state, FinishedAt = record.FinishedAt ?? Time.GetUtcNow(), Message = record.Message }, cancellationToken);

    /// <summary>True once the store names the new login: the question that decides between back and forward.</summary>
    public async Task<bool> IsPublishedAsync(CancellationToken cancellationToken) =>
        (await Store.GetCurrentLoginAsync(Credential.Id, cancellationToken)).Version == Document.To.Version;

    /// <summary>Writes a stage into the history, then shows it.</summary>
    public async Task ReportAsync(
        StageClock clock, StageStatus status, string message, CancellationToken cancellationToken, params (string Name, object? Value)[] details)
    {
        var result = new StageResult
        {
            RotationId = Id,
            Credential = Credential.Name,
            Scope = Credential.Scope,
            DatabaseType = Credential.DatabaseType,
            Stage = clock.Stage,
            Status = status,
            StartedAt = clock.StartedAt,
            Duration = clock.Elapsed,
            OldUsername = OldUsername,
            NewUsername = NewUsername,
            Message = message,
            Details = details.ToDictionary(detail => detail.Name, detail => detail.Value),
        };
        await Store.AppendStageAsync(lease.Lease, result, cancellationToken);
        Telemetry.OnStage(result);
        Observer.OnStage(result);
    }

    /// <summary>The stage at work, or the last one: what a failure is reported for.</summary>
    public StageClock? Current { get; private set; }

    public StageClock StartStage(RotationStage stage, string activity)
    {
        Progress(stage, activity);
        return Current = new(stage, Time);
    }

    public void Progress(RotationStage stage, string activity, int? percent = null) =>
        Observer.OnProgress(new(Id, Credential.Name, stage, activity, percent));

    public async ValueTask DisposeAsync()
    {
        if (_admin is not null)
            await _admin.DisposeAsync();
    }

    private void Remember(string step, JournalPhase phase)
    {
        HasTold |= Steps.Tells(step);
        // The newest word about a step counts: a step that was undone has not been done.
        _journal.RemoveWhere(known => known.Step == step);
        _journal.Add((step, phase));
        if (phase is JournalPhase.Done)
            _journal.Add((step, JournalPhase.Intent));
    }
}
