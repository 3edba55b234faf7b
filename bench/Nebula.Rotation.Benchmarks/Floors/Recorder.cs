using System.Collections.Concurrent;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>Stands between clients and a server, and writes down what the clients send. No TLS.</summary>
internal sealed class Recorder : IAsyncDisposable
{
    private readonly ConcurrentQueue<FloorStep> _steps = new();
    private readonly TcpRelay _relay;
    private int _connections;

    /// <param name="host">The server's.</param>
    /// <param name="port">The server's.</param>
    /// <param name="listen">Makes the reader of a connection, from its number and from what takes each round trip.</param>
    public Recorder(string host, int port, Func<int, Action<FloorStep>, IConversation> listen) =>
        _relay = new(host, port, () => new Recorded(listen(Interlocked.Increment(ref _connections), _steps.Enqueue)));

    public int Port => _relay.Port;

    /// <summary>In the order in which they were sent.</summary>
    public IReadOnlyList<FloorStep> Steps => [.. _steps];

    /// <summary>Throws what could not be read: a list with a gap is no floor.</summary>
    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private sealed class Recorded(IConversation conversation) : RelayedConnection
    {
        public override Task<bool> AskAsync(ReadOnlyMemory<byte> chunk, Stream server, CancellationToken stop)
        {
            conversation.Read(chunk.Span);
            return base.AskAsync(chunk, server, stop);
        }
    }
}
