using System.Net;
using System.Net.Sockets;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>Where a connection is cut.</summary>
internal enum Cut
{
    /// <summary>The commit never reaches the server.</summary>
    BeforeCommit,

    /// <summary>The commit reaches the server; nobody hears what became of it.</summary>
    AtCommit,

    /// <summary>The server has committed; its answer is lost.</summary>
    AfterCommit,
}

/// <summary>Stands between a runner and the store's server, and cuts the next connection that commits, as a network does.</summary>
internal sealed class CommitCutter : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private int _armed = -1;

    public CommitCutter(string host, int port)
    {
        (_host, _port) = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections were cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>True to refuse what connects from now on, after a cut: the store cannot be asked.</summary>
    public bool RefusesAfterwards { get; set; }

    /// <summary>Cuts the next connection that commits.</summary>
    public void Arm(Cut cut) => Volatile.Write(ref _armed, (int)cut);

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
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                if (RefusesAfterwards && Cuts > 0)
                    client.Dispose();
                else
                    relays.Add(RelayAsync(client));
            }
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
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var isMuted = false;
            var isCommit = false;
            var questions = new ProtocolMessages(startsUntyped: true, (type, text) => isCommit |= type == 'P' && text.StartsWith("\0COMMIT"u8));
            var answers = new ProtocolMessages(startsUntyped: false, (type, _) =>
            {
                if (isMuted && type == 'Z')
                    answered.TrySetResult();
            });
            var down = PassAsync(server, client, answers, () => !isMuted);
            await Task.WhenAny(down, UpAsync());

            async Task UpAsync()
            {
                var buffer = new byte[64 * 1024];
                try
                {
                    while (await client.GetStream().ReadAsync(buffer, _stop.Token) is var length and > 0)
                    {
                        questions.Read(buffer.AsSpan(0, length));
                        var cut = isCommit ? Interlocked.Exchange(ref _armed, -1) : -1;
                        isCommit = false;
                        if (cut >= 0)
                            Cuts++;
                        if (cut == (int)Cut.BeforeCommit)
                            return;
                        isMuted = cut >= 0;
                        await server.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
                        if (cut == (int)Cut.AfterCommit)
                            await answered.Task.WaitAsync(TimeSpan.FromSeconds(30), _stop.Token);
                        if (cut >= 0)
                            return;
                    }
                }
                catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
                {
                    // One side is gone; so is the other, then.
                }
            }
        }
    }

    private async Task PassAsync(TcpClient from, TcpClient to, ProtocolMessages messages, Func<bool> passes)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                messages.Read(buffer.AsSpan(0, length));
                if (passes())
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // One side is gone; so is the other, then.
        }
    }
}
