namespace Nebula.Rotation;

/// <summary>
/// Who watches a rotation. Every method but <see cref="PublishAsync"/> returns at once: the workflow never waits for its watcher.
/// Called from any thread, one call at a time for a rotation.
/// </summary>
public interface IRotationObserver
{
    /// <summary>A stage ended.</summary>
    void OnStage(StageResult result);

    /// <summary>What is being done now.</summary>
    void OnProgress(RotationProgress progress);

    /// <summary>Something to say.</summary>
    void OnMessage(RotationMessageKind kind, string message);

    /// <summary>True when <see cref="PublishAsync"/> does something.</summary>
    bool Publishes { get; }

    /// <summary>Consumers adopt the login. An exception fails the Publish stage; it is then called again with the old login, as a rollback.</summary>
    Task PublishAsync(PublishContext context, CancellationToken cancellationToken);
}
