namespace Nebula.Rotation.Pooling;

/// <summary>Where a pool finds the login to use. Asked by one caller at a time; the pool disposes it with itself.</summary>
public interface ILoginSource : IAsyncDisposable
{
    /// <summary>The login that is live now. An exception says that it cannot be told; the pool keeps what it has, and asks again.</summary>
    ValueTask<PoolLogin> ReadAsync(CancellationToken cancellationToken);
}
