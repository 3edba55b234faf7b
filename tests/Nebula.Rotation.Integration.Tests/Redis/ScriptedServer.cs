using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Something that answers as an old or a closed server does: one reply for each command's first word.</summary>
internal sealed class ScriptedServer(Func<string, string> answer) : IAsyncDisposable
{
    private readonly LoopbackListener _listener = new(async (client, stop) =>
    {
        await using var stream = new NetworkStream(client);
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        while (await reader.ReadLineAsync(stop) is { } header)
        {
            List<string> words = [];
            for (var left = int.Parse(header[1..], CultureInfo.InvariantCulture); left > 0; left--)
            {
                await reader.ReadLineAsync(stop);
                words.Add(await reader.ReadLineAsync(stop) ?? "");
            }

            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer(words[0].ToUpperInvariant()) + "\r\n"), stop);
        }
    });

    public int Port => _listener.Port;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();
}
