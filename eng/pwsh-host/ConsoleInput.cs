using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Nebula.Rotation.PwshHost;

/// <summary>Reads from the user, and refuses where there is none: a scheduled task must fail with a reason, not wait for ever.</summary>
internal sealed class ConsoleInput(bool nonInteractive, CancellationToken stop)
{
    /// <exception cref="HostException">Standard input is redirected, or the host was started with -NonInteractive.</exception>
    public void RequireUser(string wanted)
    {
        if (nonInteractive || Console.IsInputRedirected)
            throw new HostException(
                $"Cannot ask for {wanted}: the host is not interactive. Give the value as a parameter, or -Confirm:$false or -Force where it is a confirmation.",
                innerException: null, "HostNotInteractive", ErrorCategory.InvalidOperation);
    }

    /// <summary>A line; null at the end of input.</summary>
    public string? ReadLine() => Await(Console.ReadLine);

    /// <summary>A line that is not shown.</summary>
    public SecureString ReadSecret() => Await(() =>
    {
        var secret = new SecureString();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace && secret.Length > 0)
                secret.RemoveAt(secret.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                secret.AppendChar(key.KeyChar);
        }

        secret.MakeReadOnly();
        return secret;
    });

    public ConsoleKeyInfo ReadKey(bool intercept) => Await(() => Console.ReadKey(intercept));

    /// <summary>A read of the console cannot be cancelled; on Ctrl+C it is left behind on its own thread and the pipeline ends.</summary>
    private T Await<T>(Func<T> read)
    {
        var reading = Task.Factory.StartNew(read, stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            reading.Wait(stop);
        }
        catch (OperationCanceledException e)
        {
            throw new PipelineStoppedException("Stopped while waiting for the user.", e);
        }
        catch (AggregateException e) when (e.InnerExceptions.Count == 1)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException!);
        }

        return reading.Result;
    }
}
