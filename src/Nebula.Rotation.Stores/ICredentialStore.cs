namespace Nebula.Rotation.Stores;

/// <summary>
/// Credentials, their versions, the journal of their rotations, and leases. Every completed write is durable: it survives a power cut. Every
/// write on behalf of a rotation is fenced: it fails with <see cref="RotationErrorCode.LeaseLost"/> once another runner holds the lease.
/// Secrets are encrypted before they are written. Methods throw <see cref="RotationException"/>.
/// </summary>
public interface ICredentialStore : IAsyncDisposable
{
    /// <summary>Where the store is, for messages.</summary>
    string Location { get; }

    /// <summary>Adds a credential with its first version; id, version, times and revision are set here.</summary>
    Task<DatabaseCredential> AddAsync(DatabaseCredential credential, Login login, Login? admin, CancellationToken cancellationToken);

    /// <summary>The credential of that name, or null.</summary>
    Task<DatabaseCredential?> FindAsync(string name, string scope, CancellationToken cancellationToken);

    /// <summary>The credentials that match, by scope and name.</summary>
    Task<IReadOnlyList<DatabaseCredential>> ListAsync(CredentialFilter filter, CancellationToken cancellationToken);

    /// <summary>When the next rotation after this time is due, or null when none is planned. One that is on hold counts.</summary>
    Task<DateTimeOffset?> FindNextDueAsync(DateTimeOffset after, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a changed credential; refused when the stored revision is another (<see cref="RotationErrorCode.CredentialChanged"/>). Changes neither
    /// id nor live version. An admin login replaces the stored one; a login replaces name and password of the live version, which is refused
    /// while a rotation is open (<see cref="RotationErrorCode.RotationOpen"/>).
    /// </summary>
    Task<DatabaseCredential> UpdateAsync(DatabaseCredential credential, Login? admin, Login? login, CancellationToken cancellationToken);

    /// <summary>Removes a credential with its versions and history; refused while a rotation is open (<see cref="RotationErrorCode.RotationOpen"/>).</summary>
    Task RemoveAsync(Guid credentialId, CancellationToken cancellationToken);

    /// <summary>The live login and its version, read together.</summary>
    Task<LoginVersion> GetCurrentLoginAsync(Guid credentialId, CancellationToken cancellationToken);

    /// <summary>The login of a version, or null when there is none or its secret was erased.</summary>
    Task<Login?> GetLoginAsync(Guid credentialId, int version, CancellationToken cancellationToken);

    /// <summary>The numbers of the versions whose password the store still has, in their order.</summary>
    Task<IReadOnlyList<int>> ListSecretVersionsAsync(Guid credentialId, CancellationToken cancellationToken);

    /// <summary>The stored admin login, or null.</summary>
    Task<Login?> GetAdminLoginAsync(Guid credentialId, CancellationToken cancellationToken);

    /// <summary>The highest version number the credential ever had.</summary>
    Task<int> GetLastVersionAsync(Guid credentialId, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the credential's lease: when it is free, has expired, or its holder was a process of this machine that is gone.
    /// Otherwise <see cref="RotationErrorCode.LeaseHeld"/>, naming the holder and the expiry.
    /// </summary>
    Task<Lease> AcquireLeaseAsync(Guid credentialId, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Extends the lease; <see cref="RotationErrorCode.LeaseLost"/> when another runner has it.</summary>
    Task RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Whether the lease is this runner's for at least so long. It is read, not written: asking costs no more than that.</summary>
    Task<bool> HoldsLeaseAsync(Lease lease, TimeSpan atLeast, CancellationToken cancellationToken);

    /// <summary>Gives the lease back; nothing happens when it is lost already.</summary>
    Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a rotation's record, in state Running, with its document (plain bytes; the store encrypts them). A record that it reverses becomes
    /// Undone in the same transaction. Refused while the credential has another open one (<see cref="RotationErrorCode.RotationOpen"/>).
    /// </summary>
    Task BeginRotationAsync(Lease lease, RotationRecord record, ReadOnlyMemory<byte> document, CancellationToken cancellationToken);

    /// <summary>Replaces the rotation's document.</summary>
    Task WriteDocumentAsync(Lease lease, Guid rotationId, ReadOnlyMemory<byte> document, CancellationToken cancellationToken);

    /// <summary>Appends to the rotation's journal.</summary>
    Task AppendJournalAsync(Lease lease, Guid rotationId, JournalEntry entry, CancellationToken cancellationToken);

    /// <summary>Appends a finished stage to the rotation's history.</summary>
    Task AppendStageAsync(Lease lease, StageResult stage, CancellationToken cancellationToken);

    /// <summary>
    /// The commit point: in one transaction the version becomes the live one (it is added when it is new), the credential's user name and
    /// rotation time follow, and the record's state becomes Draining.
    /// </summary>
    Task PublishVersionAsync(Lease lease, Guid rotationId, int version, Login login, CancellationToken cancellationToken);

    /// <summary>Sets the record's state, and what goes with it.</summary>
    Task SetStateAsync(Lease lease, Guid rotationId, RotationStateChange change, CancellationToken cancellationToken);

    /// <summary>Forgets the password of a version; its name stays in the history.</summary>
    Task EraseSecretAsync(Lease lease, int version, CancellationToken cancellationToken);

    /// <summary>The rotation with its document and journal, or null.</summary>
    Task<RotationJournal?> ReadRotationAsync(Guid rotationId, CancellationToken cancellationToken);

    /// <summary>The rotations that match, newest first, with their stages.</summary>
    Task<IReadOnlyList<RotationRecord>> ListRotationsAsync(RotationFilter filter, CancellationToken cancellationToken);

    /// <summary>Writes an entry of the audit trail about something that was done to the database alone.</summary>
    Task AppendAuditAsync(
        Lease lease, AuditAction action, string outcome, Guid? rotationId, IReadOnlyDictionary<string, object?> details, CancellationToken cancellationToken);

    /// <summary>
    /// The entries of the audit trail that match, in their order. Every method here that writes, but for leases, journals and documents, writes its entry
    /// in the same transaction.
    /// </summary>
    Task<IReadOnlyList<AuditEvent>> ListAuditAsync(AuditFilter filter, CancellationToken cancellationToken);

    /// <summary>Whether the audit trail is what was written; <paramref name="head"/> is one that an earlier check gave and that was kept elsewhere, or null.</summary>
    Task<AuditTrailResult> CheckAuditAsync(string? head, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the store's own key: everything that it wraps is wrapped with the new one in one transaction, and what is told of it in the trail with it.
    /// Other processes that have the store open read the key again when they next need it.
    /// </summary>
    Task<StoreKeyChange> ReplaceKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken);

    /// <summary>Seals the store's own key for an escrow holder.</summary>
    Task<StoreKeyChange> ExportKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken);
}
