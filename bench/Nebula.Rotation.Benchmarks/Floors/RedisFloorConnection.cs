using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Nebula.Rotation.Engine.Databases.Redis;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>By a bare socket: the product has no driver there, either. Replies are passed over, not decoded.</summary>
internal sealed class RedisFloorConnection : IFloorConnection
{
    private readonly TcpClient _client;
    private readonly string _password;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    private RedisFloorConnection(TcpClient client, string password) => (_client, _password) = (client, password);

    /// <summary>Logging in is among what is sent, with this password.</summary>
    public static async Task<RedisFloorConnection> OpenAsync(string host, int port, string password)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(host, port);
        return new(client, password);
    }

    public async Task RunAsync(IReadOnlyList<string> statements)
    {
        var text = new StringBuilder();
        foreach (var statement in statements)
        {
            var words = RedisDialect.Split(statement.Replace(RedisConversation.PasswordSlot, _password, StringComparison.Ordinal));
            text.Append(CultureInfo.InvariantCulture, $"*{words.Count}\r\n");
            foreach (var word in words)
                text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        await _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text.ToString()));
        // An array owes its items.
        for (var owed = statements.Count; owed > 0; owed--)
        {
            var line = await ReadLineAsync();
            switch (line[0])
            {
                case '*':
                    owed += Math.Max(0, Number(line));
                    break;
                case '$' when Number(line) is var length and >= 0:
                    await SkipAsync(length + 2);
                    break;
                case '-' when !IsExpected(line):
                    throw new InvalidOperationException($"The floor does not do what was recorded: {line}");
                default:
                    // The line was all of it.
                    break;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The application's login is refused what it may not ask, and a server alone has no cluster: as it was when this was recorded.</summary>
    private static bool IsExpected(string error) =>
        error.StartsWith("-NOPERM", StringComparison.Ordinal) || error.Contains("cluster support disabled", StringComparison.Ordinal);

    private static int Number(string line) => int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);

    private async ValueTask<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            await FillAsync();
            var at = _buffer.AsSpan(_start.._end).IndexOf((byte)'\n');
            var end = at < 0 ? _end : _start + at + 1;
            line.Append(Encoding.UTF8.GetString(_buffer, _start, end - _start));
            _start = end;
            if (at >= 0)
                return line.ToString().TrimEnd('\r', '\n');
        }
    }

    private async ValueTask SkipAsync(int count)
    {
        while (count > 0)
        {
            await FillAsync();
            var length = Math.Min(count, _end - _start);
            _start += length;
            count -= length;
        }
    }

    private async ValueTask FillAsync()
    {
        if (_start < _end)
            return;
        (_start, _end) = (0, await _client.GetStream().ReadAsync(_buffer));
        if (_end == 0)
            throw new EndOfStreamException("The server closed the connection.");
    }
}
