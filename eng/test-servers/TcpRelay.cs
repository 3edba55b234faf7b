using System.Net.Sockets;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// Stands between clients and a server, on a free port of 127.0.0.1. As one side of a connection ends, with a goodbye or without, so does the other; a client whose
/// server cannot be reached is reset.
/// </summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly LoopbackListener _listener;
    private readonly string _host;
    private readonly int _port;
    private readonly Func<RelayedConnection> _accept;

    /// <param name="host">The server's.</param>
    /// <param name="port">The server's.</param>
    /// <param name="accept">What the next connection meets.</param>
    public TcpRelay(string host, int port, Func<RelayedConnection> accept)
    {
        (_host, _port, _accept) = (host, port, accept);
        _listener = new(RelayAsync);
    }

    public int Port => _listener.Port;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task RelayAsync(Socket client, CancellationToken stop)
    {
        var connection = _accept();
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (!await connection.BeginAsync(stop) || !await ConnectAsync(server, stop))
        {
            Reset(client);
            return;
        }

        await using var up = new NetworkStream(server);
        await using var down = new NetworkStream(client);
        var asking = PassAsync(down, chunk => connection.AskAsync(chunk, up, stop), stop);
        var answering = PassAsync(up, chunk => connection.AnswerAsync(chunk, down, stop), stop);
        try
        {
            if (await await Task.WhenAny(asking, answering))
            {
                Reset(client);
                Reset(server);
            }
        }
        finally
        {
            client.Dispose();
            server.Dispose();
            await Task.WhenAll(asking, answering);
        }
    }

    private async Task<bool> ConnectAsync(Socket server, CancellationToken stop)
    {
        try
        {
            await server.ConnectAsync(_host, _port, stop);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>True when the connection broke or was cut, false when it ended.</summary>
    private static async Task<bool> PassAsync(NetworkStream from, Func<ReadOnlyMemory<byte>, Task<bool>> meet, CancellationToken stop)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, stop) is var length and > 0)
            {
                if (!await meet(buffer.AsMemory(0, length)))
                    return true;
            }

            return false;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            return e is IOException && !stop.IsCancellationRequested;
        }
    }

    /// <summary>Closes as a connection ends whose other side has gone without a word.</summary>
    private static void Reset(Socket side)
    {
        // Closing the stream, or shutting it down, would say goodbye first.
        if (side.Connected)
            side.LingerState = new(true, 0);
        side.Dispose();
    }
}
