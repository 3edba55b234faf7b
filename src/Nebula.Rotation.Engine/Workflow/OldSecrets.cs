using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>
/// Which earlier logins keep their password in the store: those of records that are open or retained, and the newest ones that were retired, as many as
/// the credential says. The others' are erased, in the documents first: what a run that dies here leaves is found by the next one.
/// </summary>
internal static class OldSecrets
{
    private static readonly RotationState[] Unfinished = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed, RotationState.Retained];

    /// <summary>Called when a record is about to be closed.</summary>
    public static async Task EraseAsync(RotationRun run, CancellationToken cancellationToken)
    {
        var stored = await run.Store.ListSecretVersionsAsync(run.Credential.Id, cancellationToken);
        var records = await run.Store.ListRotationsAsync(new() { Name = run.Credential.Name, Scope = run.Credential.Scope }, cancellationToken);
        var current = (await run.Store.GetCurrentLoginAsync(run.Credential.Id, cancellationToken)).Version;
        var kept = Kept(records, current, run.Id, run.Credential.KeepVersions);
        var erased = stored.Where(version => !kept.Contains(version)).ToList();
        if (erased.Count == 0)
            return;
        foreach (var record in records.Where(record => erased.Contains(record.FromVersion) || erased.Contains(record.ToVersion)))
        {
            if (record.RotationId == run.Id)
            {
                run.Document.Forget(erased);
                await run.SaveDocumentAsync(cancellationToken);
            }
            else if (await run.Store.ReadRotationAsync(record.RotationId, cancellationToken) is { } journal)
            {
                var document = RotationDocument.Deserialize(journal.Document);
                document.Forget(erased);
                await run.WriteDocumentAsync(record.RotationId, document, cancellationToken);
            }
        }

        foreach (var version in erased)
            await run.EraseSecretAsync(version, cancellationToken);
    }

    /// <param name="records">Newest first.</param>
    /// <param name="current">The live version.</param>
    /// <param name="closing">The record that is about to be closed.</param>
    /// <param name="count">How many retired versions are kept.</param>
    internal static HashSet<int> Kept(IReadOnlyList<RotationRecord> records, int current, Guid closing, int count)
    {
        HashSet<int> kept = [current];
        foreach (var record in records.Where(record => record.RotationId != closing && Unfinished.Contains(record.State)))
            kept.UnionWith([record.FromVersion, record.ToVersion]);
        kept.UnionWith(records
            .Where(record => record.State is RotationState.Draining or RotationState.Retained or RotationState.Completed or RotationState.Undone)
            .Select(record => record.FromVersion)
            .Where(version => version != current)
            .Distinct()
            .Take(count));
        return kept;
    }
}
