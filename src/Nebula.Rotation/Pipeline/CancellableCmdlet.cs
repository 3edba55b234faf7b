using System.Management.Automation;
using Nebula.Rotation.Module.Errors;
using Nebula.Rotation.Module.Loading;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A cmdlet whose work runs on the thread pool and hears of a stop.</summary>
public abstract class CancellableCmdlet : PSCmdlet, IDisposable
{
    // Not disposed: work that outlives the wait for it still holds the token, and a late StopProcessing would meet a disposed source. It has
    // no timer and no handle, so there is nothing to free.
#pragma warning disable CA2213
    private readonly CancellationTokenSource _stop = new();
#pragma warning restore CA2213
    private readonly PipelinePump _pump;

    /// <summary>Called by PowerShell, before any parameter is bound.</summary>
    private protected CancellableCmdlet() => _pump = new PipelinePump(this, _stop, PipelinePump.StopPatience);

    /// <summary>What is said when a stop has to wait for the work, or null.</summary>
    private protected virtual string? StopNotice => null;

    /// <summary>Runs work to its end; see <see cref="PipelinePump"/>. Its failure is thrown here.</summary>
    private protected void Run(Func<PipelineSink, CancellationToken, Task> work) =>
        _pump.Run(work, StopNotice, () => Views.Import(this));

    /// <summary>Runs work that gives a value.</summary>
    private protected T Run<T>(Func<PipelineSink, CancellationToken, Task<T>> work)
    {
        var result = default(T)!;
        Run(async (sink, cancellationToken) => { result = await work(sink, cancellationToken); });
        return result;
    }

    /// <summary>Does something for one credential: a failure becomes an error record about it, and the next one has its turn.</summary>
    /// <returns>False after a failure.</returns>
    private protected bool Attempt(string target, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (IsFailureOfTheWork(e))
        {
            WriteError(e.ToErrorRecord(target));
            return false;
        }
    }

    /// <summary>Does something without which the command has no point: a failure ends it.</summary>
    private protected T Require<T>(string? target, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (IsFailureOfTheWork(e))
        {
            ThrowTerminatingError(e.ToErrorRecord(target));
            throw;
        }
    }

    /// <summary>
    /// Ctrl+C. Returns at once: it is the pipeline thread that waits for the work, and PowerShell waits for that one. The callbacks of the
    /// token run elsewhere, as they may be slow.
    /// </summary>
    protected override void StopProcessing() => _ = _stop.CancelAsync();

    /// <summary>Called by PowerShell at the end of the pipeline, however it ended.</summary>
    public void Dispose()
    {
        Dispose(_pump.Abandoned ?? Task.CompletedTask);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the work used.</summary>
    /// <param name="workEnd">Ends with the work, which may outlive the cmdlet.</param>
    private protected virtual void Dispose(Task workEnd)
    {
    }

    // What PowerShell itself throws through a cmdlet to end a pipeline is not ours to report: a stop, a consumer that has enough,
    // -ErrorAction Stop, an exception of a command downstream.
    private bool IsFailureOfTheWork(Exception e) =>
        !_stop.IsCancellationRequested && e is not (PipelineStoppedException or FlowControlException or ActionPreferenceStopException);
}
