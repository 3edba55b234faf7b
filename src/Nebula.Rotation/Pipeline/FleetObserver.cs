using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>Brings a run over many to the pipeline: a bar for the whole, one below it for each that runs, an error for each that fails.</summary>
internal sealed class FleetObserver(PipelineSink sink, string activity, int count, PublishScript? publish, ScriptBlock? onFailure) : IFleetObserver
{
    private readonly Dictionary<(string Name, string Scope), RotationObserver> _running = [];
    private readonly int _activityId = Random.Shared.Next(1, int.MaxValue);
    private int _ended;

    public IRotationObserver OnBegin(FleetMember member)
    {
        var observer = new RotationObserver(sink, activity, publish) { ParentActivityId = count > 1 ? _activityId : -1 };
        _running[(member.Request.Name, member.Request.Scope)] = observer;
        Progress(ProgressRecordType.Processing);
        return observer;
    }

    public Task<bool> OnEndAsync(FleetResult result, Exception? exception)
    {
        _ended++;
        if (_running.Remove((result.Credential, result.Scope), out var observer))
            observer.EndProgress();
        Progress(_ended < count ? ProgressRecordType.Processing : ProgressRecordType.Completed);
        return sink.EndAsync(new EndItem(result, exception, onFailure));
    }

    public void OnMessage(RotationMessageKind kind, string message) => RotationObserver.Say(sink, kind, message);

    private void Progress(ProgressRecordType type)
    {
        if (count < 2)
            return;
        sink.WriteProgress(new ProgressRecord(_activityId, $"{activity} {count} credentials", $"{_ended} of {count} done, {_running.Count} at work")
        {
            PercentComplete = _ended * 100 / count,
            RecordType = type,
        });
    }
}
