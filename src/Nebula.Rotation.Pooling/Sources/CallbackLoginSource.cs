namespace Nebula.Rotation.Pooling.Sources;

/// <summary>A login that somebody else's code finds: a vault, a service, a configuration.</summary>
/// <param name="read">Gives the login that is live now.</param>
public sealed class CallbackLoginSource(Func<CancellationToken, ValueTask<PoolLogin>> read) : ILoginSource
{
    /// <inheritdoc/>
    public ValueTask<PoolLogin> ReadAsync(CancellationToken cancellationToken) => read(cancellationToken);

    /// <summary>Nothing to do.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
