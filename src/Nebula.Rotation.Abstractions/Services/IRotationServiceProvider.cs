namespace Nebula.Rotation;

/// <summary>Opens the engine over a store. The engine's assembly has the implementation that ships.</summary>
public interface IRotationServiceProvider
{
    /// <summary>Opens it.</summary>
    Task<IRotationService> OpenAsync(RotationServiceOptions options, CancellationToken cancellationToken);

    /// <summary>Brings the key of a store back, which cannot be opened without it: the key is written only when it is this store's.</summary>
    Task<StoreKeyChange> ImportStoreKeyAsync(RotationServiceOptions options, StoreKeyImport request, CancellationToken cancellationToken);

    /// <summary>Moves what is in a store to another that was never used, and is made when it is missing.</summary>
    Task<StoreMove> MoveStoreAsync(RotationServiceOptions source, RotationServiceOptions destination, CancellationToken cancellationToken);
}
