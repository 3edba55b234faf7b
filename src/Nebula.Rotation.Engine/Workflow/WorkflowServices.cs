using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Publishing;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What every run shares.</summary>
internal sealed record WorkflowServices(ICredentialStore Store, EngineRegistry Engines, TimeProvider Time, RotationTiming Timing)
{
    /// <summary>Who publishes to what. Made when first asked for: most commands publish nothing, and the publishers bring their formats along.</summary>
    public PublisherRegistry Publishers { get => field ?? PublisherRegistry.Default; init; }

    /// <summary>What the rotations of a run over many leave to each other; null for one alone.</summary>
    public IdleSessions? IdleAdmins { get; init; }

    /// <summary>An admin's connection for the rotation of a login: none that waits for a later rotation may be of that login itself.</summary>
    public async Task<IAdminConnection> ConnectAdminAsync(IDatabaseEngine engine, DatabaseCredential credential, Login admin, string rotated, CancellationToken cancellationToken)
    {
        if (IdleAdmins is not null)
            await IdleAdmins.RefuseAsync(rotated);
        return await engine.ConnectAdminAsync(credential, admin, IdleAdmins, cancellationToken);
    }
}
