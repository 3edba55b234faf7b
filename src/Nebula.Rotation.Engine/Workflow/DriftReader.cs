using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>How the live login's facts differ from those that its last rotation recorded. Looks only; that it cannot look is said, and is no failure.</summary>
internal sealed class DriftReader(WorkflowServices services)
{
    public async Task<DriftReading> ReadAsync(DatabaseCredential credential, CancellationToken cancellationToken)
    {
        if (credential.AdminUsername is null && credential.AdminCredentialName is null)
            return DriftReading.None;
        var records = await services.Store.ListRotationsAsync(
            new() { Name = credential.Name, Scope = credential.Scope, States = [RotationState.Completed, RotationState.Retained] }, cancellationToken);
        if (records is not [var last, ..] || last.ToVersion != credential.Version
            || await services.Store.ReadRotationAsync(last.RotationId, cancellationToken) is not { } journal
            || RotationDocument.Deserialize(journal.Document).Final is not { } recorded)
        {
            return DriftReading.None;
        }

        try
        {
            var engine = services.Engines.Get(credential.DatabaseType);
            var login = await AdminLogins.FindAsync(services.Store, credential, null, cancellationToken);
            await using var admin = await engine.ConnectAdminAsync(credential, login, cancellationToken);
            var now = await admin.ReadSnapshotAsync(credential.Username, cancellationToken);
            return new(PermissionComparer.Compare(engine.Planner, recorded, now), last.FinishedAt, null);
        }
        catch (RotationException exception)
        {
            return new(null, null, exception.Message);
        }
    }
}
