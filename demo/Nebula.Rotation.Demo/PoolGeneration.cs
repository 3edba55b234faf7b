using System.Data.Common;

namespace Nebula.Rotation.Demo;

/// <summary>The connections of one login. Disposed when the last of those who hold it lets go: nobody ever meets a disposed pool.</summary>
internal sealed class PoolGeneration(string username, DbDataSource source)
{
    // The first holder is the pool that this is the present generation of.
    private int _holders = 1;

    public string Username { get; } = username;

    public DbDataSource Source { get; } = source;

    /// <summary>Only while somebody else holds it, which is for the caller to see to.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    public ValueTask LetGoAsync() => Interlocked.Decrement(ref _holders) == 0 ? Source.DisposeAsync() : ValueTask.CompletedTask;
}
