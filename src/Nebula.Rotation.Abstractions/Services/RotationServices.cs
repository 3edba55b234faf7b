using System.Reflection;

namespace Nebula.Rotation;

/// <summary>
/// The one way from a caller to the engine. The caller's assembly has no reference to the engine's: it is found by name when first needed,
/// so that it can live, with its drivers, in a load context of its own.
/// </summary>
public static class RotationServices
{
    private const string ProviderType = "Nebula.Rotation.Engine.RotationServiceProvider, Nebula.Rotation.Engine";

    private static IRotationServiceProvider? _provider;

    /// <summary>The provider in use; set it to put another in the engine's place, set it to null to find the engine again.</summary>
    public static IRotationServiceProvider Provider
    {
        get => _provider ??= Find();
        set => _provider = value;
    }

    /// <summary>Opens the engine over a store.</summary>
    public static Task<IRotationService> OpenAsync(RotationServiceOptions options, CancellationToken cancellationToken) =>
        Provider.OpenAsync(options, cancellationToken);

    /// <summary>Brings the key of a store back.</summary>
    public static Task<StoreKeyChange> ImportStoreKeyAsync(RotationServiceOptions options, StoreKeyImport request, CancellationToken cancellationToken) =>
        Provider.ImportStoreKeyAsync(options, request, cancellationToken);

    /// <summary>Moves what is in a store to another.</summary>
    public static Task<StoreMove> MoveStoreAsync(RotationServiceOptions source, RotationServiceOptions destination, CancellationToken cancellationToken) =>
        Provider.MoveStoreAsync(source, destination, cancellationToken);

    private static IRotationServiceProvider Find()
    {
        var type = Type.GetType(ProviderType, throwOnError: true)!;
        return (IRotationServiceProvider)Activator.CreateInstance(type, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, null, null, null)!;
    }
}
