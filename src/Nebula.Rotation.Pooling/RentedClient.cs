using Nebula.Rotation.Pooling.Generations;

namespace Nebula.Rotation.Pooling;

/// <summary>A client that somebody uses; disposing this gives it back.</summary>
/// <typeparam name="T">The client.</typeparam>
public sealed class RentedClient<T> : IDisposable
    where T : class
{
    private Generation<T>? _generation;

    internal RentedClient(Generation<T> generation)
    {
        _generation = generation;
        Client = generation.Pool;
    }

    /// <summary>The client. Do not dispose it.</summary>
    public T Client { get; }

    /// <summary>Gives it back; once more does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _generation, null)?.LetGo();
}
