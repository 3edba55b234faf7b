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
        new RotationService(new(await OpenInUseAsync(options, cancellationToken), EngineRegistry.Default, TimeProvider.System, new()));

    public async Task<StoreMove> MoveStoreAsync(RotationServiceOptions source, RotationServiceOptions destination, CancellationToken cancellationToken)
    {
        if (StoreLocation.Resolve(source.Store).ToString() == StoreLocation.Resolve(destination.Store).ToString())
            throw new RotationException(RotationErrorCode.InvalidArgument, "The destination is the store itself.", "Nothing was copied. Name another one with -Destination.");
        await using var from = await OpenStoreAsync(source with { CreateIfMissing = false }, cancellationToken);
        await using var to = await OpenStoreAsync(destination with { CreateIfMissing = true }, cancellationToken);
        to.RequireInUse();
        return await from.MoveToAsync(to, cancellationToken);
    }

    public Task<StoreKeyChange> ImportStoreKeyAsync(RotationServiceOptions options, StoreKeyImport request, CancellationToken cancellationToken)
    {
        var location = StoreLocation.Resolve(options.Store);
        return location.Address is { } address
            ? PostgreSqlCredentialStore.ImportKeyAsync(StoreConnections.Create(address), Settings(location), TimeProvider.System, request, cancellationToken)
            : SqliteCredentialStore.ImportKeyAsync(location.Path!, StoreKeyProvider.Default, TimeProvider.System, request, cancellationToken);
    }

    private static async Task<TableStore> OpenInUseAsync(RotationServiceOptions options, CancellationToken cancellationToken)
    {
        var store = await OpenStoreAsync(options, cancellationToken);
        try
        {
            store.RequireInUse();
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
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
