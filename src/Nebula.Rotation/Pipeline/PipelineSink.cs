using System.Collections.Concurrent;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>What running work may say and ask for. Every method can be called from any thread and returns at once.</summary>
internal sealed class PipelineSink(PipelineInbox inbox)
{
    private readonly ConcurrentDictionary<int, ProgressRecord> _latestProgress = new();

    public void WriteObject(object value) => inbox.Post(new WriteItem(cmdlet => cmdlet.WriteObject(value)));

    public void WriteError(ErrorRecord record) => inbox.Post(new WriteItem(cmdlet => cmdlet.WriteError(record)));

    public void WriteWarning(string message) => inbox.Post(new WriteItem(cmdlet => cmdlet.WriteWarning(message)));

    public void WriteVerbose(string message) => inbox.Post(new WriteItem(cmdlet => cmdlet.WriteVerbose(message)));

    /// <summary>A warning that reaches the user even after the pipeline has been stopped.</summary>
    public void WriteImportant(string message) => inbox.Post(new ImportantItem(message));

    /// <summary>Says how one of several ended; completes with false when the pipeline wants no more.</summary>
    public Task<bool> EndAsync(EndItem end)
    {
        inbox.Post(end);
        return end.Heard;
    }

    /// <summary>Only the newest record of a bar is worth a slow consumer's time.</summary>
    public void WriteProgress(ProgressRecord record)
    {
        _latestProgress[record.ActivityId] = record;
        inbox.Post(new WriteItem(cmdlet =>
        {
            if (_latestProgress.TryGetValue(record.ActivityId, out var latest) && ReferenceEquals(latest, record))
                cmdlet.WriteProgress(record);
        }));
    }

    /// <summary>Runs a script on the pipeline thread, also after a stop: taking a publication back needs it.</summary>
    public Task<string?> InvokeAsync(ISessionPublication script, PublishContext context, CancellationToken cancellationToken)
    {
        var item = new ScriptItem(script, context, cancellationToken);
        inbox.Post(item);
        return item.Completion;
    }
}
