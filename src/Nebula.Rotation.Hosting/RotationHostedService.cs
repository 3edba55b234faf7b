using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Nebula.Rotation.Hosting;

/// <summary>Looks for what is due while the host runs. When the host stops, a rotation ends at its next safe point, undone or to be resumed.</summary>
internal sealed class RotationHostedService(RotationManager manager, RotationHostingOptions options, ILogger<RotationHostedService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(manager.CheckInterval, options.TimeProvider);
        do
        {
            try
            {
                await manager.RotateDueAsync(stoppingToken);
            }
            catch (RotationException exception)
            {
                // The store cannot be read now; a host does not end for that.
                RotationLog.LookFailed(logger, exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
