namespace Nebula.Rotation.TestServers;

/// <summary>What stands in the middle of one connection through a <see cref="TcpRelay"/>: it passes on what comes, unless told otherwise.</summary>
internal abstract class RelayedConnection
{
    /// <summary>A client has come; the server knows nothing yet. False to turn it away.</summary>
    public virtual Task<bool> BeginAsync(CancellationToken stop) => Task.FromResult(true);

    /// <summary>The client says something, whole or a part. False to cut the connection, with a reset on both sides.</summary>
    public virtual async Task<bool> AskAsync(ReadOnlyMemory<byte> chunk, Stream server, CancellationToken stop)
    {
        await server.WriteAsync(chunk, stop);
        return true;
    }

    /// <summary>So does the server, at the same time.</summary>
    public virtual async Task<bool> AnswerAsync(ReadOnlyMemory<byte> chunk, Stream client, CancellationToken stop)
    {
        await client.WriteAsync(chunk, stop);
        return true;
    }
}
