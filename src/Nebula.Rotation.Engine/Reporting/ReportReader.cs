using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Reporting;

/// <summary>Reads what a report is made of. Three questions to the store, however many credentials there are.</summary>
internal sealed class ReportReader(ICredentialStore store, TimeProvider time)
{
    private const string UsualTitle = "Database login rotation";

    public async Task<ReportData> ReadAsync(ReportRequest request, CancellationToken cancellationToken)
    {
        var ids = request.Credentials.Select(credential => credential.Id).ToHashSet();
        // One credential's history is asked for by its name; of several, all is asked for at once.
        var filter = request.Credentials is [var only] ? new RotationFilter { Name = only.Name, Scope = only.Scope } : new();
        var rotations = ids.Count == 0 ? [] : await store.ListRotationsAsync(filter, cancellationToken);
        return new()
        {
            Title = string.IsNullOrWhiteSpace(request.Title) ? UsualTitle : request.Title.Trim(),
            Store = store.Location,
            At = time.GetUtcNow(),
            History = request.History,
            Credentials = request.Credentials,
            Rotations = [.. rotations.Where(record => ids.Contains(record.CredentialId))],
            Audit = await store.CheckAuditAsync(null, cancellationToken),
        };
    }
}
