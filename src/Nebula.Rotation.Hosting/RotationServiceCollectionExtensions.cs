using Microsoft.Extensions.DependencyInjection;

namespace Nebula.Rotation.Hosting;

/// <summary>Rotation as a service of a host.</summary>
public static class RotationServiceCollectionExtensions
{
    /// <summary>Adds the <see cref="RotationManager"/>, and a hosted service that rotates what is due while the host runs.</summary>
    public static IServiceCollection AddNebulaRotation(this IServiceCollection services, RotationHostingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton(options ?? new());
        services.AddSingleton<RotationManager>();
        services.AddHostedService<RotationHostedService>();
        return services;
    }
}
