namespace Nebula.Rotation.Module.Pipeline;

/// <summary>Brings a change of owner to the pipeline, object by object; its stages are for the history.</summary>
internal sealed class OwnershipObserver(PipelineSink sink, string activity) : IRotationObserver
{
    private readonly RotationObserver _inner = new(sink, activity, publish: null);

    public bool Publishes => false;

    public void OnStage(StageResult result)
    {
    }

    public void OnOwnership(OwnershipChange change) => sink.WriteObject(change);

    public void OnProgress(RotationProgress progress) => _inner.OnProgress(progress);

    public void OnMessage(RotationMessageKind kind, string message) => _inner.OnMessage(kind, message);

    public Task PublishAsync(PublishContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Takes the progress bar away.</summary>
    public void EndProgress() => _inner.EndProgress();
}
