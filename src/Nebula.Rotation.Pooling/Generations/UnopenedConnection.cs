using System.Data;
using System.Data.Common;

namespace Nebula.Rotation.Pooling.Generations;

/// <summary>
/// The hold of a connection that its user will open by itself: it begins when the connection is made, and goes over to its session when that is opened,
/// so that the pool is there until then. One that is disposed unopened ends it; Npgsql does not say so (it raises no <c>Disposed</c>), and there the
/// garbage collector does, which takes this together with the connection.
/// </summary>
internal sealed class UnopenedConnection
{
    private readonly Generation<DbDataSource> _generation;
    private int _waits = 1;

    private UnopenedConnection(Generation<DbDataSource> generation) => _generation = generation;

    ~UnopenedConnection() => End();

    /// <summary>Begins; the caller has a hold, which it gives away.</summary>
    public static void Watch(Generation<DbDataSource> generation, DbConnection connection)
    {
        var unopened = new UnopenedConnection(generation);
        connection.StateChange += unopened.OnStateChanged;
        connection.Disposed += unopened.OnDisposed;
    }

    // The end of this hold is an event, and the object is nobody's to dispose.
#pragma warning disable CA1816
    private void OnStateChanged(object sender, StateChangeEventArgs change)
    {
        var opens = change.CurrentState.HasFlag(ConnectionState.Open) && !change.OriginalState.HasFlag(ConnectionState.Open);
        if (opens && Interlocked.Exchange(ref _waits, 0) == 1)
            GC.SuppressFinalize(this);
        else
            _generation.StateChanged(sender, change);
    }

    private void OnDisposed(object? sender, EventArgs e)
    {
        GC.SuppressFinalize(this);
        End();
    }
#pragma warning restore CA1816

    private void End()
    {
        if (Interlocked.Exchange(ref _waits, 0) == 1)
            _generation.LetGo();
    }
}
