namespace Nebula.Rotation.Engine.Publishing;

/// <summary>
/// Knows one kind of publish target. Failures are <see cref="RotationErrorCode.PublishFailed"/>; their messages hold no secret. Publishing is atomic:
/// whoever reads the target meanwhile sees the old login or the new one.
/// </summary>
internal interface IPublisher
{
    /// <summary>Throws InvalidArgument for a target that makes no sense for the credential.</summary>
    void Validate(PublishTarget target, DatabaseCredential credential);

    /// <summary>Whether the target can be written, with the login that it should hold now. Reads only.</summary>
    Task<TargetCheck> CheckAsync(TargetContext context, CancellationToken cancellationToken);

    /// <summary>What publishing is going to do and what undoing it needs, to be journaled first; null where nothing is needed. Reads only.</summary>
    Task<string?> PrepareAsync(TargetContext context, CancellationToken cancellationToken);

    /// <summary>Publishes; <paramref name="prepared"/> is what <see cref="PrepareAsync"/> said.</summary>
    Task PublishAsync(TargetContext context, string? prepared, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a publication back that may have happened, in part or not at all; the context's login is the old one. What the target holds is compared
    /// before it is written. Can be repeated.
    /// </summary>
    /// <returns>What was found changed by somebody else and therefore not put back as it was, as a sentence; or null.</returns>
    Task<string?> RollBackAsync(TargetContext context, string? prepared, CancellationToken cancellationToken);

    /// <summary>The previous login is retired: takes away what was kept for its sake. Can be repeated.</summary>
    Task ForgetPreviousAsync(TargetContext context, CancellationToken cancellationToken);

    /// <summary>Whether the target holds the context's login; null where that cannot be seen from here.</summary>
    Task<bool?> HoldsAsync(TargetContext context, CancellationToken cancellationToken);
}
