using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// One connection that speaks the server's protocol (RESP 2) and does nothing by itself: no reconnecting, no handshake, no second connection. What it
/// sees is what the server said to exactly this one.
/// </summary>
public sealed class RedisConnection : IAsyncDisposable
{
    private readonly TcpClient _client;
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    private RedisConnection(TcpClient client)
    {
        _client = client;
        _stream = client.GetStream();
    }

    /// <summary>Connects, and logs in when a name is given.</summary>
    public static async Task<RedisConnection> OpenAsync(string host, int port, string? user, string? password, CancellationToken ct = default)
    {
        var client = new TcpClient { NoDelay = true };
        try
        {
            await client.ConnectAsync(host, port, ct);
            var connection = new RedisConnection(client);
            if (user is not null)
                await connection.ExecuteAsync(["AUTH", user, password ?? ""], ct);
            return connection;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and reads its reply.</summary>
    /// <returns>A string, a long, null, or an array of these.</returns>
    /// <exception cref="RedisReplyException">The reply is an error.</exception>
    public async Task<object?> ExecuteAsync(IReadOnlyList<string> command, CancellationToken ct = default)
    {
        await SendAsync(command, ct);
        return await ReadAsync(ct);
    }

    /// <summary>Sends several commands at once; an error among the replies is one of them.</summary>
    public async Task<IReadOnlyList<object?>> ExecuteAllAsync(IReadOnlyList<IReadOnlyList<string>> commands, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(commands);
        using var bytes = new MemoryStream();
        foreach (var command in commands)
            Write(bytes, command);
        var sending = _stream.WriteAsync(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), ct);
        var replies = new List<object?>(commands.Count);
        for (var index = 0; index < commands.Count; index++)
            replies.Add(await ReadReplyAsync(ct));
        await sending;
        return replies;
    }

    /// <summary>Sends a command whose reply comes later, or never.</summary>
    public async Task SendAsync(IReadOnlyList<string> command, CancellationToken ct = default)
    {
        using var bytes = new MemoryStream();
        Write(bytes, command);
        await _stream.WriteAsync(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), ct);
    }

    /// <summary>Reads the next reply, or the next message of a subscription.</summary>
    public async Task<object?> ReadAsync(CancellationToken ct = default) =>
        await ReadReplyAsync(ct) is var reply && reply is RedisReplyException error ? throw error : reply;

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Write(Stream stream, IReadOnlyList<string> command)
    {
        stream.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"*{command.Count}\r\n")));
        foreach (var word in command)
        {
            var bytes = Encoding.UTF8.GetBytes(word);
            stream.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${bytes.Length}\r\n")));
            stream.Write(bytes);
            stream.Write("\r\n"u8);
        }
    }

    private async Task<object?> ReadReplyAsync(CancellationToken ct)
    {
        var line = await ReadLineAsync(ct);
        var text = line[1..];
        switch (line[0])
        {
            case '+':
                return text;
            case '-':
                return new RedisReplyException(text);
            case ':':
                return long.Parse(text, CultureInfo.InvariantCulture);
            case '$':
                var length = int.Parse(text, CultureInfo.InvariantCulture);
                if (length < 0)
                    return null;
                var bytes = new byte[length + 2];
                for (var index = 0; index < bytes.Length; index++)
                    bytes[index] = await ReadByteAsync(ct);
                return Encoding.UTF8.GetString(bytes, 0, length);
            case '*':
                var count = int.Parse(text, CultureInfo.InvariantCulture);
                if (count < 0)
                    return null;
                var items = new object?[count];
                for (var index = 0; index < count; index++)
                    items[index] = await ReadReplyAsync(ct);
                return items;
            default:
                throw new InvalidDataException($"'{line}' is no reply.");
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken ct)
    {
        var bytes = new List<byte>();
        while (true)
        {
            var next = await ReadByteAsync(ct);
            if (next == '\n' && bytes is [.., (byte)'\r'])
                return Encoding.UTF8.GetString(bytes.ToArray(), 0, bytes.Count - 1);
            bytes.Add(next);
        }
    }

    private async ValueTask<byte> ReadByteAsync(CancellationToken ct)
    {
        if (_start == _end)
        {
            _start = 0;
            _end = await _stream.ReadAsync(_buffer, ct);
            if (_end == 0)
                throw new EndOfStreamException("The server closed the connection.");
        }

        return _buffer[_start++];
    }
}
