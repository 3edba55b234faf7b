using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>Stands between clients and a server, and writes down what the clients send. No TLS; each byte is passed on as it comes.</summary>
internal sealed class Recorder : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<FloorStep> _steps = new();
    private readonly (string Host, int Port) _server;
    private readonly Func<int, Action<FloorStep>, IConversation> _listen;
    private readonly Task _accepting;
    private int _connections;

    /// <param name="host">The server's.</param>
    /// <param name="port">The server's.</param>
    /// <param name="listen">Makes the reader of a connection, from its number and from what takes each round trip.</param>
    public Recorder(string host, int port, Func<int, Action<FloorStep>, IConversation> listen)
    {
        _server = (host, port);
        _listen = listen;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>In the order in which they were sent.</summary>
    public IReadOnlyList<FloorStep> Steps => [.. _steps];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> relays = [];
        try
        {
            while (true)
                relays.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token), Interlocked.Increment(ref _connections)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(relays);
        }
    }

    private async Task RelayAsync(TcpClient client, int number)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(_server.Host, _server.Port);
            (client.NoDelay, server.NoDelay) = (true, true);
            var conversation = _listen(number, _steps.Enqueue);
            // What cannot be read ends the recording: a list with a gap is no floor.
            await await Task.WhenAny(PassAsync(client, server, conversation), PassAsync(server, client, null));
        }
    }

    private async Task PassAsync(TcpClient from, TcpClient to, IConversation? conversation)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                conversation?.Read(buffer.AsSpan(0, length));
                await to.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // One side is gone; so is the other, then.
        }
    }
}
