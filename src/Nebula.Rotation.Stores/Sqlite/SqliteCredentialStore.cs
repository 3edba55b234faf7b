using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>
/// The store in a SQLite file, for the runners of one machine. Each write is one transaction that is on the disk when its task ends
/// (write-ahead log, synchronous=FULL). Several processes may have it open; keep the file on a local disk, as SQLite's locks and shared memory
/// demand (sqlite.org/wal.html). Calls of one object run one after another. A token is looked at before a call begins its work, not within.
/// </summary>
public sealed class SqliteCredentialStore : ICredentialStore
{
    private readonly SqliteDatabase _database;
    private readonly KeyRing _keys;
    private readonly TimeProvider _time;
    private readonly ScopeTable _scopes;
    private readonly LoginTable _logins;
    private readonly LeaseTable _leases;
    private readonly RotationTable _rotations;
    private readonly JournalTable _journal;
    private readonly AuditTable _audit;
    private readonly KeyReplacement _replacement;

    private SqliteCredentialStore(SqliteDatabase database, KeyRing keys, MasterKey master, TimeProvider time)
    {
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
        database.RolledBack = _scopes.Forget;
        database.KeyReplaced = cancellationToken => master.FitAsync(
            keys, () => Task.FromResult(database.Bare(MasterKeyTable.ReadCheck)), wasOpen: true, cancellationToken);
    }

    /// <inheritdoc/>
    public string Location => _database.Path;

    /// <summary>The connection, for tests that make it fail.</summary>
    internal SqliteDatabase Database => _database;

    /// <summary>Opens a store.</summary>
    /// <param name="path">The file.</param>
    /// <param name="keys">Where the master key comes from.</param>
    /// <param name="time">The clock of leases and time stamps; runners that share a store need clocks that agree to seconds.</param>
    /// <param name="createIfMissing">True to make the store, and its key where the provider can, when there is none.</param>
    /// <param name="cancellationToken">Stops before the next step.</param>
    /// <exception cref="RotationException">
    /// StoreUnavailable: missing, cannot be read or written, or made by a newer version. StoreCorrupt: damaged, or no store; the file is left as it
    /// is. StoreKeyInvalid: no key, another store's key, or one that others can read.
    /// </exception>
    public static async Task<SqliteCredentialStore> OpenAsync(
        string path, StoreKeyProvider keys, TimeProvider time, bool createIfMissing, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(time);
        path = Path.GetFullPath(path);
        var (database, ring) = await StoreFile.OpenAsync(path, keys, createIfMissing, cancellationToken);
        return new SqliteCredentialStore(database, ring, new MasterKey(keys, path), time);
    }

    /// <summary>Brings the key of a store back, where its provider keeps it, once it is known to be this store's.</summary>
    /// <exception cref="RotationException">StoreKeyInvalid: it does not open, or is another store's. InvalidArgument: the provider keeps no key.</exception>
    public static async Task<StoreKeyChange> ImportKeyAsync(
        string path, StoreKeyProvider keys, TimeProvider time, StoreKeyImport import, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        var key = KeyEscrow.Open(import);
        await StoreFile.RestoreKeyAsync(path, keys, key, cancellationToken);
        await using var store = await OpenAsync(path, keys, time, createIfMissing: false, cancellationToken);
        return await store._replacement.NoteImportAsync(import.Path, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<DatabaseCredential> AddAsync(DatabaseCredential credential, Login login, Login? admin, CancellationToken cancellationToken)
    {
        CredentialNames.Check(credential.Name, "credential's name");
        CredentialNames.Check(credential.Scope, "scope");
        CredentialNames.Check(login);
        if (admin is not null)
            CredentialNames.Check(admin);

        return _database.WriteAsync(
            session =>
            {
                var now = _time.GetUtcNow();
                var added = credential with { Id = Guid.NewGuid(), Username = login.Username, Version = 1, CreatedAt = now, LastRotatedAt = now, Revision = 1 };
                var stored = new StoredCredential(added, _scopes.GetOrAdd(session, credential.Scope));
                CredentialTable.Insert(session, added, stored.ScopeId);
                _logins.Write(session, stored, added.Version, login, now);
                _logins.WriteAdmin(session, added.Id, stored.ScopeId, admin);
                _audit.Append(session, added, AuditAction.CredentialAdded, login.Username, null, AuditDetails.OfNew(added, admin));
                return CredentialTable.Get(session, added.Id).Credential;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<DatabaseCredential?> FindAsync(string name, string scope, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => CredentialTable.Find(session, name, scope)?.Credential, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DatabaseCredential>> ListAsync(CredentialFilter filter, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => CredentialTable.List(session, filter), cancellationToken);

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
            session =>
            {
                var stored = CredentialTable.Get(session, credential.Id);
                var former = stored.Credential;
                CheckUpdate(former, credential, admin);
                CredentialTable.Update(session, credential, credential.RotationInterval is { } interval ? former.LastRotatedAt + interval : null);
                if (admin is not null || credential.AdminUsername is null)
                    _logins.WriteAdmin(session, credential.Id, stored.ScopeId, admin);
                if (login is not null)
                {
                    RotationTable.CheckNoneOpen(session, former);
                    _leases.CheckFree(session, former);
                    _logins.Write(session, stored, former.Version, login, _time.GetUtcNow());
                    CredentialTable.SetUsername(session, former.Id, login.Username);
                }

                var changed = CredentialTable.Get(session, credential.Id).Credential;
                _audit.Append(session, changed, AuditAction.CredentialChanged, changed.Username, null, AuditDetails.OfChange(former, changed, admin, login));
                return changed;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Refused, too, while another runner holds the lease (LeaseHeld).</remarks>
    public Task RemoveAsync(Guid credentialId, CancellationToken cancellationToken) => _database.WriteAsync(
        session =>
        {
            var stored = CredentialTable.Get(session, credentialId);
            RotationTable.CheckNoneOpen(session, stored.Credential);
            _leases.CheckFree(session, stored.Credential);
            CredentialTable.Delete(session, credentialId);
            _audit.Append(session, stored.Credential, AuditAction.CredentialRemoved, stored.Credential.Username, null, AuditDetails.None);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<LoginVersion> GetCurrentLoginAsync(Guid credentialId, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var version = CredentialTable.Get(session, credentialId).Credential.Version;
            var login = _logins.Read(session, credentialId, version) ?? throw new StoreDataException("the live version of a credential has no login.");
            return new LoginVersion(version, login);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<Login?> GetLoginAsync(Guid credentialId, int version, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _logins.Read(session, credentialId, version), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<int>> ListSecretVersionsAsync(Guid credentialId, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => LoginTable.ListSecretVersions(session, credentialId), cancellationToken);

    /// <inheritdoc/>
    public Task<Login?> GetAdminLoginAsync(Guid credentialId, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _logins.ReadAdmin(session, credentialId), cancellationToken);

    /// <inheritdoc/>
    public Task<int> GetLastVersionAsync(Guid credentialId, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => LoginTable.GetLastVersion(session, credentialId), cancellationToken);

    /// <inheritdoc/>
    public Task<Lease> AcquireLeaseAsync(Guid credentialId, TimeSpan duration, CancellationToken cancellationToken) => _database.WriteAsync(
        session => _leases.Acquire(session, CredentialTable.Get(session, credentialId), duration), cancellationToken);

    /// <inheritdoc/>
    public Task RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        _database.WriteAsync(session => _leases.Renew(session, lease, duration), cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) =>
        _database.WriteAsync(session => LeaseTable.Release(session, lease), cancellationToken);

    /// <inheritdoc/>
    /// <remarks>Refused, too, when the record begins at another version than the live one (CredentialChanged).</remarks>
    public Task BeginRotationAsync(Lease lease, RotationRecord record, ReadOnlyMemory<byte> document, CancellationToken cancellationToken) => WriteAsync(
        lease,
        session =>
        {
            var stored = CredentialTable.Get(session, lease.CredentialId);
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
                _ = RotationTable.Get(session, lease.CredentialId, reversed);
                RotationTable.SetState(session, reversed, RotationState.Undone);
            }

            _rotations.Insert(session, stored, record, document);
            _audit.Append(session, stored.Credential, AuditAction.RotationBegun, record.Kind.ToString(), record.RotationId, AuditDetails.OfRecord(record));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task WriteDocumentAsync(Lease lease, Guid rotationId, ReadOnlyMemory<byte> document, CancellationToken cancellationToken) => WriteAsync(
        lease, session => _rotations.WriteDocument(session, RotationTable.Get(session, lease.CredentialId, rotationId), document), cancellationToken);

    /// <inheritdoc/>
    public Task AppendJournalAsync(Lease lease, Guid rotationId, JournalEntry entry, CancellationToken cancellationToken) => WriteAsync(
        lease,
        session => _journal.Append(session, RotationTable.Get(session, lease.CredentialId, rotationId).ScopeId, rotationId, entry),
        cancellationToken);

    /// <inheritdoc/>
    public Task AppendStageAsync(Lease lease, StageResult stage, CancellationToken cancellationToken) => WriteAsync(
        lease,
        session =>
        {
            _ = RotationTable.Get(session, lease.CredentialId, stage.RotationId);
            JournalTable.AppendStage(session, stage);
            var credential = CredentialTable.Get(session, lease.CredentialId).Credential;
            _audit.Append(session, credential, AuditAction.StageEnded, $"{stage.Stage} {stage.Status}", stage.RotationId, AuditDetails.OfStage(stage));
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
            session =>
            {
                var rotation = RotationTable.Get(session, lease.CredentialId, rotationId);
                if (!RotationTable.IsOpen(rotation.Record.State))
                    throw new RotationException(RotationErrorCode.InvalidArgument, $"The rotation {rotationId:D} is closed ({rotation.Record.State}); it publishes nothing more.");

                var now = _time.GetUtcNow();
                var stored = CredentialTable.Get(session, lease.CredentialId);
                var rotatedAt = stored.Credential.Version == version ? stored.Credential.LastRotatedAt : now;
                _logins.Write(session, stored, version, login, now);
                CredentialTable.SetLive(
                    session, lease.CredentialId, version, login.Username, rotatedAt, (stored.Credential with { LastRotatedAt = rotatedAt }).NextRotationAt);
                RotationTable.SetState(session, rotationId, RotationState.Draining);
                _audit.Append(session, stored.Credential, AuditAction.VersionPublished, login.Username, rotationId, AuditDetails.OfVersion(version));
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Every part of the change is written, those that are null too, except Runner.</remarks>
    public Task SetStateAsync(Lease lease, Guid rotationId, RotationStateChange change, CancellationToken cancellationToken) => WriteAsync(
        lease,
        session =>
        {
            var rotation = RotationTable.Get(session, lease.CredentialId, rotationId);
            RotationTable.SetState(session, rotation, change);
            if (change.Reopen is { } reopened)
            {
                _ = RotationTable.Get(session, lease.CredentialId, reopened);
                RotationTable.SetState(session, reopened, change.ReopenState ?? throw new ArgumentException("A reopened rotation needs a state.", nameof(change)));
            }

            var credential = CredentialTable.Get(session, lease.CredentialId).Credential;
            _audit.Append(session, credential, AuditAction.RotationStateChanged, change.State.ToString(), rotationId, AuditDetails.OfState(change));
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>The live version's is refused (InvalidArgument). Documents and journals may hold it too: rewrite the document.</remarks>
    public Task EraseSecretAsync(Lease lease, int version, CancellationToken cancellationToken) => WriteAsync(
        lease,
        session =>
        {
            var credential = CredentialTable.Get(session, lease.CredentialId).Credential;
            if (credential.Version == version)
                throw new RotationException(RotationErrorCode.InvalidArgument, $"Version {version} is the live one; its password is needed.");
            LoginTable.Erase(session, lease.CredentialId, version);
            _audit.Append(session, credential, AuditAction.SecretErased, $"version {version}", null, AuditDetails.OfVersion(version));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<RotationJournal?> ReadRotationAsync(Guid rotationId, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            if (RotationTable.Find(session, rotationId) is not { } rotation)
                return null;

            return new RotationJournal
            {
                Record = rotation.Record with { Stages = JournalTable.ReadStages(session, rotation.Record) },
                Document = _rotations.OpenDocument(session, rotation),
                Entries = _journal.Read(session, rotation.ScopeId, rotationId),
            };
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RotationRecord>> ListRotationsAsync(RotationFilter filter, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => RotationTable.List(session, filter), cancellationToken);

    /// <inheritdoc/>
    public Task AppendAuditAsync(
        Lease lease, AuditAction action, string outcome, Guid? rotationId, IReadOnlyDictionary<string, object?> details, CancellationToken cancellationToken) =>
        WriteAsync(lease, session => _audit.Append(session, CredentialTable.Get(session, lease.CredentialId).Credential, action, outcome, rotationId, details), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AuditEvent>> ListAuditAsync(AuditFilter filter, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => AuditTable.List(session, filter), cancellationToken);

    /// <inheritdoc/>
    public Task<AuditTrailResult> CheckAuditAsync(string? head, CancellationToken cancellationToken) =>
        _database.ReadAsync(session => _audit.Check(session, head), cancellationToken);

    /// <inheritdoc/>
    public Task<StoreKeyChange> ReplaceKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => _replacement.ReplaceAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<StoreKeyChange> ExportKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => _replacement.ExportAsync(request, cancellationToken);

    /// <summary>Closes the file and zeroes the keys. Leases that are still held stay held until they expire.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _database.DisposeAsync();
        }
        finally
        {
            _keys.Dispose();
        }
    }

    private static void CheckUpdate(DatabaseCredential former, DatabaseCredential changed, Login? admin)
    {
        if (changed.Revision != former.Revision)
        {
            throw new RotationException(
                RotationErrorCode.CredentialChanged,
                $"The credential '{former.Name}' was changed by somebody else meanwhile (revision {former.Revision}, not {changed.Revision}).",
                "Read it again with Get-NebulaDbCredential and repeat the change.");
        }

        if (changed.Name != former.Name || changed.Scope != former.Scope || changed.DatabaseType != former.DatabaseType)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"Name, scope and kind of server of the credential '{former.Name}' cannot be changed.",
                "Store a new credential with New-NebulaDbCredential, then remove this one.");
        }

        if (admin is null && changed.AdminUsername is not null && changed.AdminUsername != former.AdminUsername)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The admin user name of the credential '{former.Name}' cannot be changed without its password.",
                "Give both with -AdminCredential.");
        }
    }

    /// <summary>A write for a rotation: fenced inside of its own transaction.</summary>
    private Task WriteAsync(Lease lease, Action<SqliteSession> work, CancellationToken cancellationToken) => _database.WriteAsync(
        session =>
        {
            LeaseTable.Check(session, lease);
            work(session);
        },
        cancellationToken);
}
