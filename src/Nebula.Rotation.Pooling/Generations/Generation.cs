using System.Data;

namespace Nebula.Rotation.Pooling.Generations;

/// <summary>
/// The pool of one login, and how many hold on to it: the rotating pool itself while it is the present one, and each connection that is in use. It is
/// disposed when nobody does.
/// </summary>
internal sealed class Generation<T>
    where T : class
{
    // Far below zero, so that those who come too late do not bring it back.
    private const int Gone = int.MinValue / 2;

    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _holds = 1;

    public Generation(PoolLogin login, T pool)
    {
        Login = login;
        Pool = pool;
        StateChanged = OnStateChanged;
    }

    public PoolLogin Login { get; }

    public T Pool { get; }

    /// <summary>One delegate for all connections of the pool: to listen to one costs no memory.</summary>
    public StateChangeEventHandler StateChanged { get; }

    /// <summary>Ends when nobody holds on to it.</summary>
    public Task Released => _released.Task;

    /// <summary>How many hold on to it.</summary>
    public int Holds => Math.Max(0, Volatile.Read(ref _holds));

    /// <summary>Holds on to it; false when it is gone, which only a caller finds that read it just before it was replaced.</summary>
    public bool TryHold() => Interlocked.Increment(ref _holds) > 0;

    /// <summary>Lets go of it.</summary>
    public void LetGo()
    {
        if (Interlocked.Decrement(ref _holds) == 0 && Interlocked.CompareExchange(ref _holds, Gone, 0) == 0)
            _released.TrySetResult();
    }

    private void OnStateChanged(object sender, StateChangeEventArgs change)
    {
        var wasOpen = change.OriginalState.HasFlag(ConnectionState.Open);
        var isOpen = change.CurrentState.HasFlag(ConnectionState.Open);
        if (wasOpen && !isOpen)
            LetGo();
        else if (isOpen && !wasOpen)
            // Somebody opens a connection again that was closed.
            TryHold();
    }
}
