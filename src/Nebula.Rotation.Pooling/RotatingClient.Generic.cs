using Nebula.Rotation.Pooling.Generations;

namespace Nebula.Rotation.Pooling;

/// <summary>
/// A client that is shared by all who use it and has a pool inside (<c>MongoClient</c>, <c>ConnectionMultiplexer</c>), whose login can be replaced while it
/// is in use. Rent it for a piece of work: the client stays until all who rented it are done.
/// </summary>
/// <typeparam name="T">The client; disposed when its login is replaced and nobody rents it, if it can be.</typeparam>
public sealed class RotatingClient<T> : IRotatingPool, IAsyncDisposable
    where T : class
{
    private readonly GenerationSet<T> _generations;

    internal RotatingClient(GenerationSet<T> generations) => _generations = generations;

    /// <inheritdoc/>
    public string Username => _generations.Login.Username;

    /// <summary>The login in use.</summary>
    public PoolLogin Login => _generations.Login;

    /// <summary>The client of the login in use; give it back when the piece of work is done.</summary>
    public RentedClient<T> Rent() => new(_generations.Hold());

    /// <summary>Does a piece of work with the client of the login in use.</summary>
    public async Task<TResult> UseAsync<TResult>(Func<T, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var rented = Rent();
        return await work(rented.Client, cancellationToken);
    }

    /// <summary>Does a piece of work with the client of the login in use.</summary>
    public async Task UseAsync(Func<T, CancellationToken, Task> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var rented = Rent();
        await work(rented.Client, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<PoolAdoption> AdoptAsync(PoolLogin login, CancellationToken cancellationToken) => _generations.AdoptAsync(login, cancellationToken);

    /// <summary>Looks at the source now instead of at the next poll.</summary>
    public Task<PoolAdoption> RefreshAsync(CancellationToken cancellationToken) => _generations.FollowAsync(cancellationToken);

    /// <summary>Ends the watch, and disposes the client and the source at once.</summary>
    public ValueTask DisposeAsync() => _generations.DisposeAsync();
}
