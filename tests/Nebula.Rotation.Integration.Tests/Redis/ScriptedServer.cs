using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Something that answers as an old or a closed server does: one reply for each command's first word.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, string> _answer;
    private readonly Task _work;

    public ScriptedServer(Func<string, string> answer)
    {
        _answer = answer;
        _listener.Start();
        _work = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _work;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> clients = [];
        try
        {
            while (true)
                clients.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.UTF8, leaveOpen: true);
                while (await reader.ReadLineAsync(_stop.Token) is { } header)
                {
                    List<string> words = [];
                    for (var left = int.Parse(header[1..], System.Globalization.CultureInfo.InvariantCulture); left > 0; left--)
                    {
                        await reader.ReadLineAsync(_stop.Token);
                        words.Add(await reader.ReadLineAsync(_stop.Token) ?? "");
                    }

                    await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(_answer(words[0].ToUpperInvariant()) + "\r\n"), _stop.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The client has gone, or the test has.
            }
        }
    }
}
