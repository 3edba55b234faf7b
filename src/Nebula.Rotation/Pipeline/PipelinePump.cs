using System.Diagnostics;
using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// Runs work on the thread pool and does on the pipeline thread what the work asks for. A pipeline ends in four ways, and only one of them
/// calls StopProcessing: normally; Ctrl+C; a consumer that has enough (a write throws PipelineStoppedException or its kin); a throw
/// downstream (a write throws anything). In all of them the pipeline thread leaves when the work has ended, so that nothing is half undone.
/// </summary>
/// <param name="cmdlet">Writes what the work says.</param>
/// <param name="stop">Cancelled by StopProcessing, and here when a write throws.</param>
/// <param name="patience">How long a stop waits; <see cref="StopPatience"/> but in tests.</param>
internal sealed class PipelinePump(PSCmdlet cmdlet, CancellationTokenSource stop, TimeSpan patience)
{
    /// <summary>How long a stopped pipeline waits for the work to undo what it did. Then the journal has what is left to do.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromMinutes(2);

    private HostVoice? _voice;

    /// <summary>Work that outlived the wait for it, or null.</summary>
    public Task? Abandoned { get; private set; }

    /// <summary>Runs work to its end. What it throws is thrown here; a stop ends in PipelineStoppedException or in what the write threw.</summary>
    /// <param name="work">The work. It hears of a stop by its token only.</param>
    /// <param name="stopNotice">Said when a stop has to wait, or null.</param>
    /// <param name="meanwhile">Done on the pipeline thread while the work begins, before anything of it is written.</param>
    public void Run(Func<PipelineSink, CancellationToken, Task> work, string? stopNotice, Action? meanwhile = null)
    {
        using var inbox = new PipelineInbox(Voice);
        var task = Task.Run(() => work(new PipelineSink(inbox), stop.Token), CancellationToken.None);
        task.ContinueWith(
            static (_, state) => ((PipelineInbox)state!).Close(), inbox,
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            meanwhile?.Invoke();
            while (Next(inbox) is { } item)
                item.Deliver(cmdlet, Voice);
        }
        catch
        {
            // Whoever threw: nobody reads any more, which is a wish to stop.
            _ = stop.CancelAsync();
            WaitForCompensation(task, inbox, stopNotice);
            throw;
        }

        if (stop.IsCancellationRequested)
        {
            // The stop came with the work's last word: an error record would be refused.
            SayHowItEnded(task);
            throw new PipelineStoppedException();
        }

        task.GetAwaiter().GetResult();
    }

    // The host is not known before the cmdlet runs.
    private HostVoice Voice => _voice ??= new HostVoice(cmdlet.Host);

    private PipelineItem? Next(PipelineInbox inbox)
    {
        try
        {
            return inbox.Take(stop.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new PipelineStoppedException("The work was stopped.", e);
        }
    }

    private void WaitForCompensation(Task task, PipelineInbox inbox, string? stopNotice)
    {
        if (stopNotice is not null && !task.IsCompleted)
            Voice.Mention(stopNotice);
        var waited = Stopwatch.StartNew();
        while (inbox.TryTake(out var item, patience - waited.Elapsed))
            item.AfterStop(Voice);

        if (task.IsCompleted)
        {
            SayHowItEnded(task);
            return;
        }

        Voice.Say($"The work has not ended {patience.TotalMinutes:0} minutes after the stop; it goes on as long as this process lives. "
            + "Get-NebulaRotation shows where it stands, Resume-NebulaRotation finishes it.");
        Abandoned = task.ContinueWith(SayHowItEnded, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    // An error record cannot be written any more.
    private void SayHowItEnded(Task task)
    {
        var failure = task.Exception?.InnerException;
        // "Stopped" is the answer that was asked for. It is news only when nothing else was said.
        var isNews = failure is not null and not OperationCanceledException
            && (failure is not RotationException { Code: RotationErrorCode.Stopped } || Voice.Said == 0);
        if (isNews)
            Voice.Say(ErrorRecords.Describe(failure!));
    }
}
