namespace Nebula.Rotation.Pooling;

/// <summary>
/// Lets pools of this process take part in a rotation that runs here: they adopt the new login in its Publish stage, before the store names it, and return
/// to the old one if the rotation is rolled back. A pool that cannot adopt it fails the stage. Everything else goes to the watcher behind.
/// </summary>
/// <param name="pools">The pools, in their order.</param>
/// <param name="next">Who else watches; its own publishing comes after the pools.</param>
public sealed class PoolPublisher(IReadOnlyList<IRotatingPool> pools, IRotationObserver? next = null) : IRotationObserver
{
    /// <summary>
    /// How long a rollback waits for those who hold the login that is taken back. Who has opened a connection with it is waited for by the rollback itself, on
    /// the server; who is about to is seen nowhere but here, and would find the login closed.
    /// </summary>
    private static readonly TimeSpan ReturnTime = TimeSpan.FromSeconds(15);

    private readonly List<PoolAdoption> _adoptions = [];

    /// <summary>What the pools did so far; each tells how the pool before drains.</summary>
    public IReadOnlyList<PoolAdoption> Adoptions
    {
        get
        {
            lock (_adoptions)
                return [.. _adoptions];
        }
    }

    /// <inheritdoc/>
    public bool Publishes => pools.Count > 0 || next?.Publishes == true;

    /// <inheritdoc/>
    public void OnStage(StageResult result) => next?.OnStage(result);

    /// <inheritdoc/>
    public void OnProgress(RotationProgress progress) => next?.OnProgress(progress);

    /// <inheritdoc/>
    public void OnMessage(RotationMessageKind kind, string message) => next?.OnMessage(kind, message);

    /// <inheritdoc/>
    public void OnOwnership(OwnershipChange change) => next?.OnOwnership(change);

    /// <inheritdoc/>
    public async Task PublishAsync(PublishContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var login = PoolLogin.FromPublication(context);
        var drained = new List<Task>();
        foreach (var pool in pools)
        {
            var adoption = await pool.AdoptAsync(login, cancellationToken);
            lock (_adoptions)
                _adoptions.Add(adoption);
            drained.Add(adoption.Drained);
        }

        if (context.IsRollback)
            await Task.WhenAny(Task.WhenAll(drained), Task.Delay(ReturnTime, cancellationToken));
        if (next?.Publishes == true)
            await next.PublishAsync(context, cancellationToken);
    }

    /// <inheritdoc/>
    public bool PublishesTo(PublishTargetKind kind) => next?.PublishesTo(kind) == true;

    /// <inheritdoc/>
    public Task<string?> PublishToAsync(PublishTarget target, PublishContext context, CancellationToken cancellationToken) =>
        next?.PublishToAsync(target, context, cancellationToken)
        ?? throw new NotSupportedException("No watcher here publishes to targets.");
}
