namespace Nebula.Rotation;

/// <summary>
/// The engine as a caller sees it, over one store. Every method throws <see cref="RotationException"/> and nothing else, but for
/// <see cref="OperationCanceledException"/> where a token without a workflow behind it is cancelled.
/// </summary>
public interface IRotationService : IAsyncDisposable
{
    /// <summary>Stores a credential, after its login has logged in.</summary>
    Task<DatabaseCredential> AddAsync(NewCredential request, CancellationToken cancellationToken);

    /// <summary>The credentials that match, by name.</summary>
    Task<IReadOnlyList<DatabaseCredential>> FindAsync(CredentialFilter filter, CancellationToken cancellationToken);

    /// <summary>Changes a credential.</summary>
    Task<DatabaseCredential> ChangeAsync(string name, string scope, CredentialChange change, CancellationToken cancellationToken);

    /// <summary>Removes a credential from the store; the database is not touched. Refused while a rotation is open.</summary>
    Task RemoveAsync(string name, string scope, CancellationToken cancellationToken);

    /// <summary>The connection string of the live login.</summary>
    Task<Secret> GetConnectionStringAsync(string name, string scope, ConnectionStringFormat format, CancellationToken cancellationToken);

    /// <summary>The live login.</summary>
    Task<Login> GetLoginAsync(string name, string scope, CancellationToken cancellationToken);

    /// <summary>
    /// Logs in as the live login on every endpoint; a failure is a result, not an exception. With a stored admin login the results also say how the
    /// login's facts differ from those that its last rotation recorded.
    /// </summary>
    Task<IReadOnlyList<CredentialTestResult>> TestAsync(string name, string scope, TimeSpan? timeout, CancellationToken cancellationToken);

    /// <summary>What a rotation would do now.</summary>
    Task<RotationPlan> PlanAsync(RotationRequest request, CancellationToken cancellationToken);

    /// <summary>What two logins of a credential's server have and the other lacks; empty when they are equal. Reads only.</summary>
    Task<IReadOnlyList<PermissionDifference>> CompareAsync(
        string name, string scope, string referenceUsername, string differenceUsername, Login? admin, CancellationToken cancellationToken);

    /// <summary>
    /// Rotates, or finishes the record that an earlier run left open. <paramref name="stop"/> asks to stop at the next safe point: before the
    /// commit point everything is undone first, after it the record stays open. The task ends when nothing more will be touched.
    /// </summary>
    Task<RotationRecord> RotateAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop);

    /// <summary>Finishes an open record: forward after its commit point, back before it.</summary>
    Task<RotationRecord> ResumeAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop);

    /// <summary>What is to be done now of the credentials that match: rotations that are due and may begin, and what earlier runs left to finish.</summary>
    Task<IReadOnlyList<DueCredential>> FindDueAsync(CredentialFilter filter, CancellationToken cancellationToken);

    /// <summary>
    /// Rotates many, in parallel over servers. One failure stops nothing else and is a result, not an exception. <paramref name="stop"/> begins no
    /// more, and stops those at work as in <see cref="RotateAsync"/>; the task ends when nothing more will be touched.
    /// </summary>
    Task<RotationSummary> RotateManyAsync(FleetRequest request, IFleetObserver observer, CancellationToken stop);

    /// <summary>Makes the old login of a rotation live again, and retires the new one.</summary>
    Task<RotationRecord> UndoAsync(RotationRequest request, IRotationObserver observer, CancellationToken stop);

    /// <summary>
    /// Moves what a credential's login owns to an owner role, or back: its steps go to the observer, its end is the answer. What an earlier run
    /// left half-way is gone on with. <paramref name="stop"/> asks to stop between two objects.
    /// </summary>
    Task<OwnershipChange> ConvertOwnershipAsync(OwnershipRequest request, IRotationObserver observer, CancellationToken stop);

    /// <summary>What <see cref="ConvertOwnershipAsync"/> would do now; the owner role stands as the plan's new user name. Changes nothing.</summary>
    Task<RotationPlan> PlanOwnershipAsync(OwnershipRequest request, CancellationToken cancellationToken);

    /// <summary>The rotations that match, newest first.</summary>
    Task<IReadOnlyList<RotationRecord>> GetRotationsAsync(RotationFilter filter, CancellationToken cancellationToken);

    /// <summary>Logins on the credential's server that a rotation made and nothing needs any more. Reads only.</summary>
    Task<IReadOnlyList<OrphanLogin>> FindOrphansAsync(string name, string scope, Login? admin, CancellationToken cancellationToken);

    /// <summary>Drops one that is proved to be the credential's and has no session.</summary>
    Task RemoveOrphanAsync(string name, string scope, string username, Login? admin, CancellationToken cancellationToken);

    /// <summary>The entries of the audit trail that match, in their order.</summary>
    Task<IReadOnlyList<AuditEvent>> GetAuditAsync(AuditFilter filter, CancellationToken cancellationToken);

    /// <summary>Whether the audit trail is what was written; <paramref name="head"/> is one that an earlier test gave, or null.</summary>
    Task<AuditTrailResult> TestAuditAsync(string? head, CancellationToken cancellationToken);

    /// <summary>Credentials, rotations and the state of the trail as one page for people who look. Reads the store only.</summary>
    Task<RotationReport> RenderReportAsync(ReportRequest request, CancellationToken cancellationToken);

    /// <summary>Replaces the store's own key: every key in it is wrapped with the new one in one transaction. Rotations that are under way go on.</summary>
    Task<StoreKeyChange> ReplaceStoreKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken);

    /// <summary>Seals the store's own key for an escrow holder.</summary>
    Task<StoreKeyChange> ExportStoreKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken);
}
