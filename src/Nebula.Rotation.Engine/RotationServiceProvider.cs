using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.PostgreSql;
using Nebula.Rotation.Stores.Sqlite;
using Nebula.Rotation.Stores.Tables;

namespace Nebula.Rotation.Engine;

/// <summary>Opens the engine over a store. Found by name from <see cref="RotationServices"/>.</summary>
internal sealed class RotationServiceProvider : IRotationServiceProvider
{
    public async Task<IRotationService> OpenAsync(RotationServiceOptions options, CancellationToken cancellationToken) =>
        new RotationService(new(await OpenStoreAsync(options, cancellationToken), EngineRegistry.Default, TimeProvider.System, new()));

    public Task<StoreKeyChange> ImportStoreKeyAsync(RotationServiceOptions options, StoreKeyImport request, CancellationToken cancellationToken)
    {
        var location = StoreLocation.Resolve(options.Store);
        return location.Address is { } address
            ? PostgreSqlCredentialStore.ImportKeyAsync(StoreConnections.Create(address), Settings(location), TimeProvider.System, request, cancellationToken)
            : SqliteCredentialStore.ImportKeyAsync(location.Path!, StoreKeyProvider.Default, TimeProvider.System, request, cancellationToken);
    }

    private static async Task<TableStore> OpenStoreAsync(RotationServiceOptions options, CancellationToken cancellationToken)
    {
        var location = StoreLocation.Resolve(options.Store);
        return location.Address is { } address
            ? await PostgreSqlCredentialStore.OpenAsync(
                StoreConnections.Create(address), Settings(location), TimeProvider.System, options.CreateIfMissing, cancellationToken)
            : await SqliteCredentialStore.OpenAsync(location.Path!, StoreKeyProvider.Default, TimeProvider.System, options.CreateIfMissing, cancellationToken);
    }

    private static PostgreSqlStoreSettings Settings(StoreLocation location) => new(location.ToString(), StoreKeyProvider.Default, location.KeyFolder);
}
