using System.Security.Cryptography;

namespace Nebula.Rotation.Pooling.Generations;

/// <summary>Looks at a source again and again; less often while that fails.</summary>
internal sealed class SourceWatcher(RotatingPoolOptions options, Func<CancellationToken, Task> look, Action<Exception, int, TimeSpan> failed)
{
    // Of a pause, at most: processes that started together do not ask a source together for ever.
    private const double Jitter = 0.1;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        var pause = Pause(failures);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, options.TimeProvider, cancellationToken);
                await look(cancellationToken);
                failures = 0;
                pause = Pause(failures);
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                failures++;
                pause = Pause(failures);
                failed(exception, failures, pause);
            }
        }
    }

    private TimeSpan Pause(int failures)
    {
        // 2^20 poll intervals are more than any longest pause that somebody means.
        var doubled = options.PollInterval * (1L << Math.Min(failures, 20));
        var pause = doubled < options.MaxBackOff ? doubled : options.MaxBackOff;
        return pause * (1 - Jitter * RandomNumberGenerator.GetInt32(1001) / 1000);
    }
}
