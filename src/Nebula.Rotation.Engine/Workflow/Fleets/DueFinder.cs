using Nebula.Rotation.Engine.Workflow.Ownership;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Scheduling;

namespace Nebula.Rotation.Engine.Workflow.Fleets;

/// <summary>What there is to do now: first what earlier runs left to finish, the oldest first, then what is due, the longest due first.</summary>
internal sealed class DueFinder(WorkflowServices services)
{
    private static readonly RotationState[] Unfinished =
        [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed, RotationState.Retained];

    public async Task<IReadOnlyList<DueCredential>> FindAsync(CredentialFilter filter, CancellationToken cancellationToken)
    {
        var now = services.Time.GetUtcNow();
        var due = await services.Store.ListAsync(filter with { DueAt = now }, cancellationToken);
        var open = await ListOpenAsync(filter, now, cancellationToken);
        var found = new List<DueCredential>(open);
        foreach (var credential in due.OrderBy(credential => credential.NextRotationAt))
        {
            if (open.Any(finish => finish.Credential.Id == credential.Id) || credential.HoldReason is not null || !RotationSchedule.IsOpen(credential, now))
                continue;
            if (await PartnerKeepsAwayAsync(credential, found, now, cancellationToken))
                continue;
            found.Add(new() { Credential = credential, Action = DueAction.Rotate, Reason = $"Due since {credential.NextRotationAt:u}." });
        }

        return found;
    }

    private async Task<List<DueCredential>> ListOpenAsync(CredentialFilter filter, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var records = await services.Store.ListRotationsAsync(new() { States = Unfinished }, cancellationToken);
        var left = records.Where(record => !OwnershipHistory.IsOwnership(record) && (record.State != RotationState.Retained || record.RetainUntil <= now)).Reverse().ToList();
        if (left.Count == 0)
            return [];
        // Only theirs: a store may have very many. What a wildcard in a name brings along is not looked at.
        var names = filter.Names.Count > 0 ? filter.Names : [.. left.Select(record => record.Credential).Distinct(StringComparer.OrdinalIgnoreCase)];
        var credentials = (await services.Store.ListAsync(filter with { DueAt = null, Names = names }, cancellationToken)).ToDictionary(credential => credential.Id);
        return
        [
            .. from record in left.DistinctBy(record => record.CredentialId)
               where credentials.ContainsKey(record.CredentialId)
               select new DueCredential
               {
                   Credential = credentials[record.CredentialId],
                   Action = DueAction.Finish,
                   RotationId = record.RotationId,
                   Reason = record.State == RotationState.Retained ? $"'{record.OldUsername}' was kept until {record.RetainUntil:u}." : $"Rotation {record.RotationId} was left {record.State}.",
               },
        ];
    }

    private async Task<bool> PartnerKeepsAwayAsync(DatabaseCredential credential, List<DueCredential> found, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (found.Any(chosen => Pairs.ArePaired(chosen.Credential, credential)))
            return true;
        if (Pairs.PartnerOf(credential) is not { } name)
            return false;
        return await services.Store.FindAsync(name, credential.Scope, cancellationToken) is { } partner && Pairs.WaitsUntil(credential, partner) > now;
    }
}
