using System.Net;
using System.Net.Sockets;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// Stands between a runner and its server and needs neither's language, so that TLS is no matter. A statement is what the client says when it is its turn,
/// however many packets that takes: the first of them after an answer, or of the connection. What can be read and is not waited for is none.
/// The runner knows nothing of all this.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;

    public FaultProxy(string host, int port)
    {
        (_host, _port) = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What lies in wait; connections that are made from now on run into it.</summary>
    public Ambush? Ambush { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> links = [];
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                links.RemoveAll(link => link.IsCompletedSuccessfully);
                links.Add(LinkAsync(client, Ambush));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(links);
        }
    }

    private async Task LinkAsync(TcpClient client, Ambush? ambush)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                if (ambush is { HasStruck: true })
                {
                    // What comes after a strike meets the world as the strike has left it.
                    await ambush.Over.WaitAsync(_stop.Token);
                    ambush = null;
                }

                await server.ConnectAsync(_host, _port, _stop.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                Reset(client);
                return;
            }

            (client.NoDelay, server.NoDelay) = (true, true);
            var link = new Link(ambush);
            if (await await Task.WhenAny(AskAsync(client, server, link), AnswerAsync(server, client, link)))
            {
                Reset(client);
                Reset(server);
            }
        }
    }

    /// <summary>From the client to the server. True when the connection broke, false when it ended.</summary>
    private async Task<bool> AskAsync(TcpClient client, TcpClient server, Link link)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await client.GetStream().ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                if (link.Ambush is { } ambush)
                {
                    if (ambush.HasStruck)
                        return await EndAsync(ambush);
                    if (StatementLabel.IsAwaited(buffer.AsSpan(0, length)) && link.TakesTurn() && ambush.Asks(link.Name(buffer.AsSpan(0, length))) is { } moment)
                    {
                        link.Awaited = moment is Moment.AnswerLost or Moment.AfterAnswer ? moment : null;
                        if (link.Awaited is null)
                        {
                            var sent = moment switch { Moment.BeforeSend => 0, Moment.HalfSent => length / 2, _ => length };
                            await server.GetStream().WriteAsync(buffer.AsMemory(0, sent), _stop.Token);
                            await ambush.StrikeAsync();
                            return true;
                        }
                    }
                }

                await server.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            return e is IOException && !_stop.IsCancellationRequested;
        }

        return false;
    }

    private async Task<bool> AnswerAsync(TcpClient server, TcpClient client, Link link)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await server.GetStream().ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                if (link.Ambush is { HasStruck: true } over)
                    return await EndAsync(over);
                if (StatementLabel.AnswersBegin(buffer.AsSpan(0, length)))
                {
                    await client.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
                    continue;
                }

                if (link.Awaited is { } moment)
                {
                    link.Ambush!.Trip();
                    if (moment == Moment.AfterAnswer)
                        await client.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
                    await link.Ambush.StrikeAsync();
                    return true;
                }

                link.GivesTurn();
                await client.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            return e is IOException && !_stop.IsCancellationRequested;
        }

        return false;
    }

    private async Task<bool> EndAsync(Ambush ambush)
    {
        await ambush.Over.WaitAsync(_stop.Token);
        return true;
    }

    private static bool IsEnd(Exception e) => e is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;

    /// <summary>Closes with a reset, as a connection ends whose other side has gone without a word.</summary>
    private static void Reset(TcpClient side)
    {
        // Closing the client or its stream would say goodbye first.
        if (side.Client is not { Connected: true } socket)
            return;
        socket.LingerState = new(true, 0);
        socket.Dispose();
    }

    /// <summary>One connection: whose turn it is, and what its next answer meets.</summary>
    private sealed class Link(Ambush? ambush)
    {
        private int _isClientsTurn = 1;
        private bool _hasChanged;

        public Ambush? Ambush { get; } = ambush;

        public Moment? Awaited { get; set; }

        public string Name(ReadOnlySpan<byte> packet)
        {
            var label = StatementLabel.Of(packet);
            if (label == "COMMIT" && _hasChanged)
                label = StatementLabel.ChangeCommitted;
            _hasChanged = label != StatementLabel.ChangeCommitted && (_hasChanged || StatementLabel.Changes(label));
            return label;
        }

        public bool TakesTurn() => Interlocked.Exchange(ref _isClientsTurn, 0) == 1;

        public void GivesTurn() => Volatile.Write(ref _isClientsTurn, 1);
    }
}
