using System.Buffers.Binary;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>Brings what a workflow says to the pipeline. Returns at once, as the contract asks.</summary>
internal sealed class RotationObserver(PipelineSink sink, string activity, PublishScript? publish) : IRotationObserver
{
    private ProgressRecord? _progress;

    /// <summary>The bar of the run that this rotation is part of; -1 for none.</summary>
    public int ParentActivityId { get; init; } = -1;

    public bool Publishes => publish is not null;

    public void OnStage(StageResult result) => sink.WriteObject(result);

    public void OnProgress(RotationProgress progress)
    {
        // One bar a rotation, whatever its stage.
        _progress = new ProgressRecord(ActivityId(progress.RotationId), $"{activity} {progress.Credential}", $"{Place(progress.Stage)}: {progress.Activity}")
        {
            PercentComplete = progress.PercentComplete is { } percent ? Math.Clamp(percent, 0, 100) : -1,
            ParentActivityId = ParentActivityId,
        };
        sink.WriteProgress(_progress);
    }

    public void OnMessage(RotationMessageKind kind, string message) => Say(sink, kind, message);

    /// <summary>Says it on the stream of its kind.</summary>
    public static void Say(PipelineSink sink, RotationMessageKind kind, string message)
    {
        switch (kind)
        {
            case RotationMessageKind.Verbose:
                sink.WriteVerbose(message);
                break;
            case RotationMessageKind.Warning:
                sink.WriteWarning(message);
                break;
            default:
                sink.WriteImportant(message);
                break;
        }
    }

    public Task PublishAsync(PublishContext context, CancellationToken cancellationToken) =>
        publish is null ? Task.CompletedTask : sink.InvokeAsync(publish, context, cancellationToken);

    public bool PublishesTo(PublishTargetKind kind) => kind is PublishTargetKind.ScriptFile or PublishTargetKind.SecretVault;

    public Task<string?> PublishToAsync(PublishTarget target, PublishContext context, CancellationToken cancellationToken) =>
        sink.InvokeAsync(target.Kind == PublishTargetKind.ScriptFile ? new ScriptFilePublication(target) : new VaultPublication(target), context, cancellationToken);

    /// <summary>Takes the bar away.</summary>
    public void EndProgress()
    {
        if (_progress is { } last)
            sink.WriteProgress(new ProgressRecord(last.ActivityId, last.Activity, last.StatusDescription) { RecordType = ProgressRecordType.Completed, ParentActivityId = ParentActivityId });
    }

    // A change of owner is no stage of a rotation.
    private static string Place(RotationStage stage) =>
        stage <= RotationStage.Complete ? $"{stage} ({(int)stage + 1} of {(int)RotationStage.Complete + 1})" : stage.ToString();

    // Stable for a rotation, so that a run that resumes it in the same session goes on with the same bar; positive, as PowerShell asks.
    private static int ActivityId(Guid rotationId)
    {
        Span<byte> bytes = stackalloc byte[16];
        rotationId.TryWriteBytes(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes) & int.MaxValue;
    }
}
