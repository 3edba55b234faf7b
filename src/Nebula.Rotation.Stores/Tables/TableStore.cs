using System.Data.Common;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Leases;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>What a store over tables does, whatever database they are in.</summary>
public abstract class TableStore : ICredentialStore
{
    private readonly IStoreDatabase _database;
    private readonly KeyRing _keys;
    private readonly TimeProvider _time;
    private readonly ScopeTable _scopes;
    private readonly LoginTable _logins;
    private readonly LeaseTable _leases;
    private readonly RotationTable _rotations;
    private readonly JournalTable _journal;
    private readonly AuditTable _audit;
    private readonly KeyReplacement _replacement;

    private protected TableStore(IStoreDatabase database, KeyRing keys, MasterKey master, TimeProvider time)
    {
        ScopeKeys.TakeAll();
        _database = database;
        _keys = keys;
        _time = time;
        _scopes = new ScopeTable(keys);
        _logins = new LoginTable(_scopes);
        _leases = new LeaseTable(time);
        _rotations = new RotationTable(_scopes);
        _journal = new JournalTable(_scopes);
        _audit = new AuditTable(keys, time);
        _replacement = new KeyReplacement(database, keys, master, _audit, time);
        database.KeyReplaced = cancellationToken => master.FitAsync(
            keys, () => database.ReadAsync(MasterKeyTable.ReadCheckAsync, cancellationToken), wasOpen: true, cancellationToken);
    }

    /// <inheritdoc/>
    public string Location => _database.Location;

    /// <inheritdoc/>
    public Task<DatabaseCredential> AddAsync(DatabaseCredential credential, Login login, Login? admin, CancellationToken cancellationToken)
    {
        CredentialNames.Check(credential.Name, "credential's name");
        CredentialNames.Check(credential.Scope, "scope");
        CredentialNames.Check(login);
        if (admin is not null)
            CredentialNames.Check(admin);

        return _database.WriteAsync(
            async session =>
            {
                var now = _time.GetUtcNow();
                var added = credential with { Id = Guid.NewGuid(), Username = login.Username, Version = 1, CreatedAt = now, LastRotatedAt = now, Revision = 1 };
                var stored = new StoredCredential(added, await _scopes.GetOrAddAsync(session, credential.Scope));
                try
                {
                    await CredentialTable.InsertAsync(session, added, stored.ScopeId);
                    await _logins.WriteAsync(session, stored, added.Version, login, now);
                    await _logins.WriteAdminAsync(session, added.Id, stored.ScopeId, admin);
                    added = (await CredentialTable.GetAsync(session, added.Id)).Credential;
                }
                catch (DbException exception) when (session.IsNotUnique(exception))
                {
                    throw CredentialTable.Exists(credential);
                }

                await _audit.AppendAsync(session, added, AuditAction.CredentialAdded, login.Username, null, AuditDetails.OfNew(added, admin));
                return added;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<DatabaseCredential?> FindAsync(string name, string scope, CancellationToken cancellationToken) =>
        _database.ReadAsync(async session => (await CredentialTable.FindAsync(session, name, scope))?.Credential, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DatabaseCredential>> ListAsync(CredentialFilter filter, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => CredentialTable.ListAsync(session, filter), cancellationToken);

    /// <inheritdoc/>
    public Task<DateTimeOffset?> FindNextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => CredentialTable.FindNextDueAsync(session, after), cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// Name, scope and kind of server cannot change (InvalidArgument). An AdminUsername of null takes a stored admin login away; another user name
    /// than the stored one needs an admin login with it. A login is refused while another runner holds the lease (LeaseHeld): it may be about to
    /// open a rotation.
    /// </remarks>
    public Task<DatabaseCredential> UpdateAsync(DatabaseCredential credential, Login? admin, Login? login, CancellationToken cancellationToken)
    {
        if (admin is not null)
            CredentialNames.Check(admin);
        if (login is not null)
            CredentialNames.Check(login);

        return _database.WriteAsync(
            async session =>
            {
                await LeaseTable.LockAsync(session, credential.Id);
                var stored = await CredentialTable.GetAsync(session, credential.Id);
                var former = stored.Credential;
                CredentialTable.CheckUpdate(former, credential, admin);
                await CredentialTable.UpdateAsync(session, credential with { LastRotatedAt = former.LastRotatedAt });
                if (admin is not null || credential.AdminUsername is null)
                    await _logins.WriteAdminAsync(session, credential.Id, stored.ScopeId, admin);
                if (login is not null)
                {
                    await RotationTable.CheckNoneOpenAsync(session, former);
                    await _leases.CheckFreeAsync(session, former);
                    await _logins.WriteAsync(session, stored, former.Version, login, _time.GetUtcNow());
                    await CredentialTable.SetUsernameAsync(session, former.Id, login.Username);
                }

                var changed = (await CredentialTable.GetAsync(session, credential.Id)).Credential;
                await _audit.AppendAsync(session, changed, AuditAction.CredentialChanged, changed.Username, null, AuditDetails.OfChange(former, changed, admin, login));
                return changed;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Refused, too, while another runner holds the lease (LeaseHeld).</remarks>
    public Task RemoveAsync(Guid credentialId, CancellationToken cancellationToken) => _database.WriteAsync(
        async session =>
        {
            await LeaseTable.LockAsync(session, credentialId);
            var stored = await CredentialTable.GetAsync(session, credentialId);
            await RotationTable.CheckNoneOpenAsync(session, stored.Credential);
            await _leases.CheckFreeAsync(session, stored.Credential);
            await CredentialTable.DeleteAsync(session, credentialId);
            await _audit.AppendAsync(session, stored.Credential, AuditAction.CredentialRemoved, stored.Credential.Username, null, AuditDetails.None);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<LoginVersion> GetCurrentLoginAsync(Guid credentialId, CancellationToken cancellationToken) => _database.ReadAsync(
        async session => await _logins.ReadCurrentAsync(session, credentialId) ?? throw CredentialTable.NotFound(credentialId), cancellationToken);

    /// <inheritdoc/>
    public Task<Login?> GetLoginAsync(Guid credentialId, int version, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _logins.ReadAsync(session, credentialId, version), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<int>> ListSecretVersionsAsync(Guid credentialId, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => LoginTable.ListSecretVersionsAsync(session, credentialId), cancellationToken);

    /// <inheritdoc/>
    public Task<Login?> GetAdminLoginAsync(Guid credentialId, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _logins.ReadAdminAsync(session, credentialId), cancellationToken);

    /// <inheritdoc/>
    public Task<int> GetLastVersionAsync(Guid credentialId, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => LoginTable.GetLastVersionAsync(session, credentialId), cancellationToken);

    /// <inheritdoc/>
    public Task<Lease> AcquireLeaseAsync(Guid credentialId, TimeSpan duration, CancellationToken cancellationToken)
    {
        var owner = LeaseOwner.Current().ToString();
        return _database.WriteSingleAsync(session => _leases.AcquireAsync(session, credentialId, owner, duration), cancellationToken);
    }

    /// <inheritdoc/>
    public Task RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        _database.WriteSingleAsync(session => _leases.RenewAsync(session, lease, duration), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> HoldsLeaseAsync(Lease lease, TimeSpan atLeast, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _leases.HoldsAsync(session, lease, atLeast), cancellationToken);

    /// <inheritdoc/>
    public async Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        try
        {
            await _database.WriteSingleAsync(session => LeaseTable.ReleaseAsync(session, lease), cancellationToken);
        }
        catch (RotationException)
        {
            LeaseOwner.GiveUp(lease.Owner);
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Refused, too, when the record begins at another version than the live one (CredentialChanged).</remarks>
    public Task BeginRotationAsync(Lease lease, RotationRecord record, ReadOnlyMemory<byte> document, CancellationToken cancellationToken) => WriteAsync(
        lease,
        async session =>
        {
            var stored = await CredentialTable.GetAsync(session, lease.CredentialId);
            if (record.CredentialId != lease.CredentialId)
                throw new RotationException(RotationErrorCode.InvalidArgument, "The lease is another credential's.");
            if (record.FromVersion != stored.Credential.Version)
            {
                throw new RotationException(
                    RotationErrorCode.CredentialChanged,
                    $"The credential '{stored.Credential.Name}' is at version {stored.Credential.Version}, not {record.FromVersion}: another run has rotated it meanwhile.",
                    "Run the command again.");
            }

            if (record.Reverses is { } reversed)
            {
                _ = await RotationTable.GetAsync(session, lease.CredentialId, reversed);
                await RotationTable.SetStateAsync(session, reversed, RotationState.Undone);
            }

            await _rotations.InsertAsync(session, stored, record, document);
            await _audit.AppendAsync(session, stored.Credential, AuditAction.RotationBegun, record.Kind.ToString(), record.RotationId, AuditDetails.OfRecord(record));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task WriteDocumentAsync(Lease lease, Guid rotationId, ReadOnlyMemory<byte> document, CancellationToken cancellationToken) => WriteAsync(
        lease, async session => await _rotations.WriteDocumentAsync(session, await RotationTable.GetAsync(session, lease.CredentialId, rotationId), document), cancellationToken);

    /// <inheritdoc/>
    public Task AppendJournalAsync(Lease lease, Guid rotationId, JournalEntry entry, CancellationToken cancellationToken) => WriteAsync(
        lease,
        async session => await _journal.AppendAsync(session, (await RotationTable.GetAsync(session, lease.CredentialId, rotationId)).ScopeId, rotationId, entry),
        cancellationToken);

    /// <inheritdoc/>
    public Task AppendStageAsync(Lease lease, StageResult stage, CancellationToken cancellationToken) => WriteAsync(
        lease,
        async session =>
        {
            var rotation = await RotationTable.GetAsync(session, lease.CredentialId, stage.RotationId);
            await JournalTable.AppendStageAsync(session, stage);
            await _audit.AppendAsync(session, rotation.Record, AuditAction.StageEnded, $"{stage.Stage} {stage.Status}", AuditDetails.OfStage(stage));
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// A version that exists gets this login. Said again about the version that is live already, it leaves the rotation time. Refused when the
    /// record is closed (InvalidArgument).
    /// </remarks>
    public Task PublishVersionAsync(Lease lease, Guid rotationId, int version, Login login, CancellationToken cancellationToken)
    {
        CredentialNames.Check(login);
        return WriteAsync(
            lease,
            async session =>
            {
                var rotation = await RotationTable.GetAsync(session, lease.CredentialId, rotationId);
                if (!rotation.Record.IsOpen)
                    throw new RotationException(RotationErrorCode.InvalidArgument, $"The rotation {rotationId:D} is closed ({rotation.Record.State}); it publishes nothing more.");

                var now = _time.GetUtcNow();
                var stored = await CredentialTable.GetAsync(session, lease.CredentialId);
                var rotatedAt = stored.Credential.Version == version ? stored.Credential.LastRotatedAt : now;
                await _logins.WriteAsync(session, stored, version, login, now);
                await CredentialTable.SetLiveAsync(session, stored.Credential, version, login.Username, rotatedAt);
                await RotationTable.SetStateAsync(session, rotationId, RotationState.Draining);
                await _audit.AppendAsync(session, stored.Credential, AuditAction.VersionPublished, login.Username, rotationId, AuditDetails.OfVersion(version));
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Every part of the change is written, those that are null too, except Runner.</remarks>
    public Task SetStateAsync(Lease lease, Guid rotationId, RotationStateChange change, CancellationToken cancellationToken) => WriteAsync(
        lease,
        async session =>
        {
            var rotation = await RotationTable.GetAsync(session, lease.CredentialId, rotationId);
            await RotationTable.SetStateAsync(session, rotation, change);
            if (change.Reopen is { } reopened)
            {
                _ = await RotationTable.GetAsync(session, lease.CredentialId, reopened);
                await RotationTable.SetStateAsync(session, reopened, change.ReopenState ?? throw new ArgumentException("A reopened rotation needs a state.", nameof(change)));
            }

            await _audit.AppendAsync(session, rotation.Record, AuditAction.RotationStateChanged, change.State.ToString(), AuditDetails.OfState(change));
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>The live version's is refused (InvalidArgument). Documents and journals may hold it too: rewrite the document.</remarks>
    public Task EraseSecretAsync(Lease lease, int version, CancellationToken cancellationToken) => WriteAsync(
        lease,
        async session =>
        {
            var credential = (await CredentialTable.GetAsync(session, lease.CredentialId)).Credential;
            if (credential.Version == version)
                throw new RotationException(RotationErrorCode.InvalidArgument, $"Version {version} is the live one; its password is needed.");
            await LoginTable.EraseAsync(session, lease.CredentialId, version);
            await _audit.AppendAsync(session, credential, AuditAction.SecretErased, $"version {version}", null, AuditDetails.OfVersion(version));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<RotationJournal?> ReadRotationAsync(Guid rotationId, CancellationToken cancellationToken) => _database.ReadSnapshotAsync(
        async session =>
        {
            if (await RotationTable.FindWithDocumentAsync(session, rotationId) is not (var rotation, var document))
                return null;

            return new RotationJournal
            {
                Record = (await JournalTable.ReadStagesAsync(session, [rotation.Record]))[0],
                Document = await _rotations.OpenDocumentAsync(session, rotation, document),
                Entries = await _journal.ReadAsync(session, rotation.ScopeId, rotationId),
            };
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RotationRecord>> ListRotationsAsync(RotationFilter filter, CancellationToken cancellationToken) =>
        await _database.ReadSnapshotAsync(session => RotationTable.ListAsync(session, filter), cancellationToken);

    /// <inheritdoc/>
    public Task AppendAuditAsync(
        Lease lease, AuditAction action, string outcome, Guid? rotationId, IReadOnlyDictionary<string, object?> details, CancellationToken cancellationToken) =>
        WriteAsync(lease, async session => await _audit.AppendAsync(session, (await CredentialTable.GetAsync(session, lease.CredentialId)).Credential, action, outcome, rotationId, details), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AuditEvent>> ListAuditAsync(AuditFilter filter, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => AuditTable.ListAsync(session, filter), cancellationToken);

    /// <inheritdoc/>
    public Task<AuditTrailResult> CheckAuditAsync(string? head, CancellationToken cancellationToken) =>
        _database.ReadSnapshotAsync(session => _audit.CheckAsync(session, head), cancellationToken);

    /// <inheritdoc/>
    public Task<StoreKeyChange> ReplaceKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => _replacement.ReplaceAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<StoreKeyChange> ExportKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => _replacement.ExportAsync(request, cancellationToken);

    /// <summary>Closes the store and zeroes the keys. Leases that are still held stay held until they expire.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _database.DisposeAsync();
        }
        finally
        {
            _keys.Dispose();
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>The store that this one was moved to, if it was: it is not to be used any more. Null otherwise.</summary>
    public string? MovedTo { get; private protected set; }

    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreUnavailable"/>: the store was moved.</exception>
    public void RequireInUse()
    {
        if (MovedTo is { } elsewhere)
            throw StoreMark.Moved(elsewhere);
    }

    /// <summary>
    /// Copies everything to a store that was never used, each secret sealed with its keys, compares what is read back, and marks this one as moved. Refused
    /// while a rotation is open or a lease held.
    /// </summary>
    public Task<StoreMove> MoveToAsync(TableStore destination, CancellationToken cancellationToken) => StoreCopy.MoveAsync(this, destination, _time, cancellationToken);

    /// <summary>What is in the store, for whoever moves it.</summary>
    internal StoreContent Content => new(_database, _keys, _scopes, _audit);

    /// <summary>Takes a note of a key that was brought back.</summary>
    internal Task<StoreKeyChange> NoteImportAsync(string from, CancellationToken cancellationToken) => _replacement.NoteImportAsync(from, cancellationToken);

    /// <summary>A write for a rotation: fenced inside of its own transaction.</summary>
    private Task WriteAsync(Lease lease, Func<StoreSession, Task> work, CancellationToken cancellationToken) => _database.WriteAsync(
        async session =>
        {
            await LeaseTable.CheckAsync(session, lease);
            await work(session);
        },
        cancellationToken);
}
