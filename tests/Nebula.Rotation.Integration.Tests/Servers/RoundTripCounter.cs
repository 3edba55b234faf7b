using System.Net;
using System.Net.Sockets;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>
/// Stands between a client and a PostgreSQL server and counts the answers that the client waits for: each ReadyForQuery but those to a BEGIN, which the driver sends
/// ahead of the first statements (manual, "Message Formats"). No TLS; each byte is passed on as it comes.
/// </summary>
internal sealed class RoundTripCounter : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private int _roundTrips;

    public RoundTripCounter(string host, int port)
    {
        (_host, _port) = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many round trips a piece of work took.</summary>
    public async Task<int> CountAsync(Func<Task> work)
    {
        var before = Volatile.Read(ref _roundTrips);
        await work();
        return Volatile.Read(ref _roundTrips) - before;
    }

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
                relays.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(relays);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(_host, _port);
            (client.NoDelay, server.NoDelay) = (true, true);
            var answers = new ProtocolMessages(startsUntyped: false, (type, _) => Interlocked.Add(ref _roundTrips, type == 'Z' ? 1 : 0));
            var questions = new ProtocolMessages(startsUntyped: true, (type, text) => Interlocked.Add(ref _roundTrips, type == 'Q' && text.StartsWith("BEGIN"u8) ? -1 : 0));
            await Task.WhenAny(PassAsync(client, server, questions), PassAsync(server, client, answers));
        }
    }

    private async Task PassAsync(TcpClient from, TcpClient to, ProtocolMessages messages)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                // Counted before it is passed on: who has the answer finds it counted.
                messages.Read(buffer.AsSpan(0, length));
                await to.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // One side is gone; so is the other, then.
        }
    }
}
