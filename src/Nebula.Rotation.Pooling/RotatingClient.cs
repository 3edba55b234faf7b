using Nebula.Rotation.Pooling.Generations;

namespace Nebula.Rotation.Pooling;

/// <summary>Starts clients whose login can be replaced while they are in use.</summary>
public static class RotatingClient
{
    /// <summary>Takes the login from the source, proves it, and follows the source from then on.</summary>
    /// <typeparam name="T">The client.</typeparam>
    /// <param name="source">Where the login comes from; disposed with this, or when it fails.</param>
    /// <param name="connect">Makes the client for a login.</param>
    /// <param name="prove">Uses the client so that it must log in, a ping for instance; fails if it cannot.</param>
    /// <param name="options">How to follow; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="RotationException">The source has no login, or it could not be proved.</exception>
    public static async Task<RotatingClient<T>> StartAsync<T>(
        ILoginSource source,
        Func<PoolLogin, CancellationToken, Task<T>> connect,
        Func<T, CancellationToken, Task> prove,
        RotatingPoolOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(connect);
        ArgumentNullException.ThrowIfNull(prove);
        var generations = new GenerationSet<T>(source, connect, prove, options ?? new());
        await generations.StartAsync(cancellationToken);
        return new RotatingClient<T>(generations);
    }
}
