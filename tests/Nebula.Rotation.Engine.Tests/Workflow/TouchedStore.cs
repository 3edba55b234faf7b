using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>A store that calls <paramref name="touch"/> before and after every write of a rotation: where a process can die.</summary>
internal sealed class TouchedStore(ICredentialStore store, Action<string> touch) : ICredentialStore
{
    public string Location => store.Location;

    public Task<DatabaseCredential> AddAsync(DatabaseCredential credential, Login login, Login? admin, CancellationToken cancellationToken) =>
        store.AddAsync(credential, login, admin, cancellationToken);

    public Task<DatabaseCredential?> FindAsync(string name, string scope, CancellationToken cancellationToken) =>
        store.FindAsync(name, scope, cancellationToken);

    public Task<IReadOnlyList<DatabaseCredential>> ListAsync(CredentialFilter filter, CancellationToken cancellationToken) =>
        store.ListAsync(filter, cancellationToken);

    public Task<DateTimeOffset?> FindNextDueAsync(DateTimeOffset after, CancellationToken cancellationToken) => store.FindNextDueAsync(after, cancellationToken);

    public Task<DatabaseCredential> UpdateAsync(DatabaseCredential credential, Login? admin, Login? login, CancellationToken cancellationToken) =>
        store.UpdateAsync(credential, admin, login, cancellationToken);

    public Task RemoveAsync(Guid credentialId, CancellationToken cancellationToken) => store.RemoveAsync(credentialId, cancellationToken);

    public Task<LoginVersion> GetCurrentLoginAsync(Guid credentialId, CancellationToken cancellationToken)
    {
        touch("store current");
        return store.GetCurrentLoginAsync(credentialId, cancellationToken);
    }

    public Task<Login?> GetLoginAsync(Guid credentialId, int version, CancellationToken cancellationToken) =>
        store.GetLoginAsync(credentialId, version, cancellationToken);

    public Task<IReadOnlyList<int>> ListSecretVersionsAsync(Guid credentialId, CancellationToken cancellationToken) =>
        store.ListSecretVersionsAsync(credentialId, cancellationToken);

    public Task<Login?> GetAdminLoginAsync(Guid credentialId, CancellationToken cancellationToken) =>
        store.GetAdminLoginAsync(credentialId, cancellationToken);

    public Task<int> GetLastVersionAsync(Guid credentialId, CancellationToken cancellationToken) =>
        store.GetLastVersionAsync(credentialId, cancellationToken);

    public Task<Lease> AcquireLeaseAsync(Guid credentialId, TimeSpan duration, CancellationToken cancellationToken) =>
        store.AcquireLeaseAsync(credentialId, duration, cancellationToken);

    public Task RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        store.RenewLeaseAsync(lease, duration, cancellationToken);

    public Task<bool> HoldsLeaseAsync(Lease lease, TimeSpan atLeast, CancellationToken cancellationToken) =>
        store.HoldsLeaseAsync(lease, atLeast, cancellationToken);

    public Task ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) =>
        TouchAsync("release", () => store.ReleaseLeaseAsync(lease, cancellationToken));

    public Task BeginRotationAsync(Lease lease, RotationRecord record, ReadOnlyMemory<byte> document, CancellationToken cancellationToken) =>
        TouchAsync("begin rotation", () => store.BeginRotationAsync(lease, record, document, cancellationToken));

    public Task WriteDocumentAsync(Lease lease, Guid rotationId, ReadOnlyMemory<byte> document, CancellationToken cancellationToken) =>
        TouchAsync("document", () => store.WriteDocumentAsync(lease, rotationId, document, cancellationToken));

    public Task AppendJournalAsync(Lease lease, Guid rotationId, JournalEntry entry, CancellationToken cancellationToken) =>
        TouchAsync("journal", () => store.AppendJournalAsync(lease, rotationId, entry, cancellationToken));

    public Task AppendStageAsync(Lease lease, StageResult stage, CancellationToken cancellationToken) =>
        TouchAsync("stage", () => store.AppendStageAsync(lease, stage, cancellationToken));

    public Task PublishVersionAsync(Lease lease, Guid rotationId, int version, Login login, CancellationToken cancellationToken) =>
        TouchAsync("publish", () => store.PublishVersionAsync(lease, rotationId, version, login, cancellationToken));

    public Task SetStateAsync(Lease lease, Guid rotationId, RotationStateChange change, CancellationToken cancellationToken) =>
        TouchAsync("state", () => store.SetStateAsync(lease, rotationId, change, cancellationToken));

    public Task EraseSecretAsync(Lease lease, int version, CancellationToken cancellationToken) =>
        TouchAsync("erase", () => store.EraseSecretAsync(lease, version, cancellationToken));

    public Task<RotationJournal?> ReadRotationAsync(Guid rotationId, CancellationToken cancellationToken) =>
        store.ReadRotationAsync(rotationId, cancellationToken);

    public Task AppendAuditAsync(
        Lease lease, AuditAction action, string outcome, Guid? rotationId, IReadOnlyDictionary<string, object?> details, CancellationToken cancellationToken) =>
        TouchAsync("audit", () => store.AppendAuditAsync(lease, action, outcome, rotationId, details, cancellationToken));

    public Task<IReadOnlyList<AuditEvent>> ListAuditAsync(AuditFilter filter, CancellationToken cancellationToken) =>
        store.ListAuditAsync(filter, cancellationToken);

    public Task<StoreKeyChange> ReplaceKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => store.ReplaceKeyAsync(request, cancellationToken);

    public Task<StoreKeyChange> ExportKeyAsync(StoreKeyRequest request, CancellationToken cancellationToken) => store.ExportKeyAsync(request, cancellationToken);

    public Task<AuditTrailResult> CheckAuditAsync(string? head, CancellationToken cancellationToken) => store.CheckAuditAsync(head, cancellationToken);

    public Task<IReadOnlyList<RotationRecord>> ListRotationsAsync(RotationFilter filter, CancellationToken cancellationToken) =>
        store.ListRotationsAsync(filter, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task TouchAsync(string what, Func<Task> write)
    {
        touch("before " + what);
        await write();
        touch("after " + what);
    }
}
