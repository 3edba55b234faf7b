using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// Which earlier logins keep their password in the store: those of records that are open or retained, and the newest ones that were retired, as many and
/// for as long as the credential says. The others' are erased, in the documents first: what a run that dies here leaves is found by the next one.
/// </summary>
internal static class OldSecrets
{
    private static readonly RotationState[] Unfinished = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed, RotationState.Retained];

    private static readonly RotationState[] Retired = [RotationState.Draining, RotationState.Retained, RotationState.Completed, RotationState.Undone];

    /// <summary>Called when a record is about to be closed. After a leak the password that it replaced is erased whatever the credential says.</summary>
    public static async Task EraseAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var found = await FindAsync(
            run.Store, run.Credential, run.Id, run.Settings.Emergency ? run.Document.From.Version : null, run.Time.GetUtcNow(), cancellationToken);
        if (found.Erased.Count == 0)
            return;
        run.Document.Forget(found.Erased);
        await run.SaveDocumentAsync(cancellationToken);
        await EraseAsync(run.Store, run.Lease, found, run.Id, cancellationToken);
    }

    /// <summary>Called when nothing is open: time alone can have made a password one to erase.</summary>
    /// <returns>The versions whose password was erased.</returns>
    public static async Task<IReadOnlyCollection<int>> EraseExpiredAsync(
        ICredentialStore store, Lease lease, DatabaseCredential credential, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (credential.KeepVersionsFor is null)
            return [];
        var found = await FindAsync(store, credential, null, null, now, cancellationToken);
        await EraseAsync(store, lease, found, null, cancellationToken);
        return found.Erased;
    }

    /// <param name="records">Newest first.</param>
    /// <param name="current">The live version.</param>
    /// <param name="closing">The record that is about to be closed.</param>
    /// <param name="credential">Says how many retired versions are kept, and for how long.</param>
    /// <param name="now">The time.</param>
    internal static HashSet<int> Kept(IReadOnlyList<RotationRecord> records, int current, Guid? closing, DatabaseCredential credential, DateTimeOffset now)
    {
        HashSet<int> kept = [current];
        foreach (var record in records.Where(record => record.RotationId != closing && Unfinished.Contains(record.State)))
            kept.UnionWith([record.FromVersion, record.ToVersion]);
        kept.UnionWith(records
            .Where(record => Retired.Contains(record.State) && record.FromVersion != current)
            .DistinctBy(record => record.FromVersion)
            .Take(credential.KeepVersions)
            .Where(record => !(record.FinishedAt + credential.KeepVersionsFor <= now))
            .Select(record => record.FromVersion));
        return kept;
    }

    private static async Task<Findings> FindAsync(
        ICredentialStore store, DatabaseCredential credential, Guid? closing, int? leaked, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var stored = await store.ListSecretVersionsAsync(credential.Id, cancellationToken);
        var records = await store.ListRotationsAsync(new() { Name = credential.Name, Scope = credential.Scope }, cancellationToken);
        var current = (await store.GetCurrentLoginAsync(credential.Id, cancellationToken)).Version;
        var kept = Kept(records, current, closing, credential, now);
        if (leaked is { } version)
            kept.Remove(version);
        return new(records, [.. stored.Where(version => !kept.Contains(version))]);
    }

    private static async Task EraseAsync(ICredentialStore store, Lease lease, Findings found, Guid? except, CancellationToken cancellationToken)
    {
        foreach (var record in found.Records.Where(record => found.Erased.Contains(record.FromVersion) || found.Erased.Contains(record.ToVersion)))
        {
            if (record.RotationId == except || await store.ReadRotationAsync(record.RotationId, cancellationToken) is not { } journal)
                continue;
            var document = RotationDocument.Deserialize(journal.Document);
            document.Forget(found.Erased);
            await store.WriteDocumentAsync(lease, record.RotationId, document.Serialize(), cancellationToken);
        }

        foreach (var version in found.Erased)
            await store.EraseSecretAsync(lease, version, cancellationToken);
    }

    private sealed record Findings(IReadOnlyList<RotationRecord> Records, IReadOnlyList<int> Erased);
}
