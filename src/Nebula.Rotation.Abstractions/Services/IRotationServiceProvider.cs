namespace Nebula.Rotation;

/// <summary>Opens the engine over a store. The engine's assembly has the implementation that ships.</summary>
public interface IRotationServiceProvider
{
    /// <summary>Opens it.</summary>
    Task<IRotationService> OpenAsync(RotationServiceOptions options, CancellationToken cancellationToken);
}
