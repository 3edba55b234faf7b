using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Engine;

/// <summary>Opens the engine over a store. Found by name from <see cref="RotationServices"/>.</summary>
internal sealed class RotationServiceProvider : IRotationServiceProvider
{
    public async Task<IRotationService> OpenAsync(RotationServiceOptions options, CancellationToken cancellationToken)
    {
        var store = await SqliteCredentialStore.OpenAsync(
            StoreLocation.Resolve(options.Store).Path, StoreKeyProvider.Default, TimeProvider.System, options.CreateIfMissing, cancellationToken);
        return new RotationService(new(store, EngineRegistry.Default, TimeProvider.System, new()));
    }

    public Task<StoreKeyChange> ImportStoreKeyAsync(RotationServiceOptions options, StoreKeyImport request, CancellationToken cancellationToken) =>
        SqliteCredentialStore.ImportKeyAsync(StoreLocation.Resolve(options.Store).Path, StoreKeyProvider.Default, TimeProvider.System, request, cancellationToken);
}
