namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>Watches a rotation; calls back where a test wants to act.</summary>
internal sealed class Observer : IRotationObserver
{
    public Action<StageResult> Staged { get; init; } = _ => { };

    public Action<RotationProgress> Progressed { get; init; } = _ => { };

    public Action<RotationMessageKind, string> Said { get; init; } = (_, _) => { };

    public Action<OwnershipChange> Owned { get; init; } = _ => { };

    public bool Publishes => false;

    public void OnStage(StageResult result) => Staged(result);

    public void OnOwnership(OwnershipChange change) => Owned(change);

    public void OnProgress(RotationProgress progress) => Progressed(progress);

    public void OnMessage(RotationMessageKind kind, string message)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {message}");
        Said(kind, message);
    }

    public Task PublishAsync(PublishContext context, CancellationToken cancellationToken) => throw new InvalidOperationException("This watcher publishes nothing.");
}
