namespace Nebula.Rotation;

/// <summary>
/// Who watches a rotation. Every method but those that publish returns at once: the workflow never waits for its watcher.
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

    /// <summary>A step of a change of owner has ended.</summary>
    void OnOwnership(OwnershipChange change)
    {
        // Only who asks for a change of owner wants to see each object.
    }

    /// <summary>True when <see cref="PublishAsync"/> does something.</summary>
    bool Publishes { get; }

    /// <summary>Consumers adopt the login. An exception fails the Publish stage; it is then called again with the old login, as a rollback.</summary>
    Task PublishAsync(PublishContext context, CancellationToken cancellationToken);

    /// <summary>True when <see cref="PublishToAsync"/> takes targets of this kind: those that run in the caller's own session.</summary>
    bool PublishesTo(PublishTargetKind kind) => false;

    /// <summary>
    /// Gives the login to one target, or takes an earlier publication back; the context says which. Can be repeated. An exception fails the stage.
    /// </summary>
    /// <returns>What somebody else had changed meanwhile and was therefore left alone, as a sentence; or null.</returns>
    Task<string?> PublishToAsync(PublishTarget target, PublishContext context, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"A target of the kind {target.Kind} is not published to from here.");
}
