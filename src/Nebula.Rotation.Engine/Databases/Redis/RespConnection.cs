using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>
/// One connection that speaks RESP 2 (redis.io, "Redis serialization protocol specification"), sends what it is told and nothing else, and is never replaced.
/// The driver is for applications: where a password is refused it goes on as the default user when that one needs none, it cannot connect as a login
/// without ECHO, and it reconnects by itself. Here each of these would be a wrong answer.
/// </summary>
internal sealed class RespConnection(Stream stream, IDisposable socket, EndPoint? remote, bool isEncrypted, TimeSpan patience) : IAsyncDisposable
{
    private const int MaxDepth = 16;

    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>One conversation at a time: replies come in the order of the commands.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>What bounds an exchange: used again by the next one, since a timer for each would cost as much as the rest of it.</summary>
    private CancellationTokenSource _bound = new();

    private int _start;
    private int _end;

    /// <summary>False once an exchange has failed half way: what comes next on the wire is nobody's reply any more.</summary>
    public bool IsUsable { get; private set; } = true;

    /// <summary>True where nobody else can listen: TLS, or an address of this machine.</summary>
    public bool IsPrivate { get; } = isEncrypted || remote is IPEndPoint { Address: var address } && IPAddress.IsLoopback(address);

    /// <summary>Round trips so far.</summary>
    public int RoundTrips { get; private set; }

    /// <summary>Sends a command and gives its reply: a string, a long, null, an array of these, or a <see cref="RespError"/>.</summary>
    public async Task<object?> AskAsync(IReadOnlyList<string> command, CancellationToken cancellationToken) =>
        (await AskAsync([command], cancellationToken))[0];

    /// <summary>Sends several commands at once and gives their replies in that order; errors are replies.</summary>
    public async Task<IReadOnlyList<object?>> AskAsync(IReadOnlyList<IReadOnlyList<string>> commands, CancellationToken cancellationToken)
    {
        if (commands.Count == 0)
            return [];
        using var bytes = new MemoryStream();
        foreach (var command in commands)
            Write(bytes, command);
        await _turn.WaitAsync(cancellationToken);
        if (!IsUsable)
        {
            _turn.Release();
            throw new IOException("The connection was given up.");
        }

        RoundTrips++;
        var replies = new List<object?>(commands.Count);
        IsUsable = false;
        try
        {
            var bound = Bound();
            await using var stopping = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), bound);
            await stream.WriteAsync(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), bound.Token);
            while (replies.Count < commands.Count)
                replies.Add(await ReadAsync(0, bound.Token));
            IsUsable = true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"No reply within {patience.TotalSeconds:0} s.");
        }
        finally
        {
            _turn.Release();
        }

        return replies;
    }

    public async ValueTask DisposeAsync()
    {
        IsUsable = false;
        await stream.DisposeAsync();
        socket.Dispose();
        // An exchange that is still under way ends by the closed stream, and uses both until then; neither holds anything that the collector does not take.
        if (_turn.Wait(0))
        {
            _bound.Dispose();
            // Whoever asks now is told that the connection was given up.
            _turn.Release();
        }
    }

    private CancellationTokenSource Bound()
    {
        if (!_bound.TryReset())
        {
            _bound.Dispose();
            _bound = new();
        }

        _bound.CancelAfter(patience);
        return _bound;
    }

    private static void Write(MemoryStream bytes, IReadOnlyList<string> command)
    {
        bytes.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"*{command.Count}\r\n")));
        foreach (var word in command)
        {
            var text = Encoding.UTF8.GetBytes(word);
            bytes.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${text.Length}\r\n")));
            bytes.Write(text);
            bytes.Write("\r\n"u8);
        }
    }

    private async ValueTask<object?> ReadAsync(int depth, CancellationToken cancellationToken)
    {
        var line = await ReadLineAsync(cancellationToken);
        var rest = line.Length > 0 ? line[1..] : "";
        switch (line.Length > 0 ? line[0] : ' ')
        {
            case '+':
                return rest;
            case '-':
                return new RespError(rest);
            case ':':
                return long.Parse(rest, CultureInfo.InvariantCulture);
            case '$':
                var length = Length(rest);
                return length < 0 ? null : await ReadTextAsync(length, cancellationToken);
            case '*' when depth < MaxDepth:
                var count = Length(rest);
                if (count < 0)
                    return null;
                var items = new List<object?>(Math.Min(count, 1024));
                while (items.Count < count)
                    items.Add(await ReadAsync(depth + 1, cancellationToken));
                return items;
            default:
                // The line may be anything, so it is not repeated.
                throw new InvalidDataException("What answers does not speak the protocol of Redis.");
        }
    }

    private static int Length(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var length)
            ? length
            : throw new InvalidDataException("What answers does not speak the protocol of Redis.");

    private ValueTask<string> ReadTextAsync(int length, CancellationToken cancellationToken)
    {
        if (_end - _start < length + 2)
            return ReadLongTextAsync(length, cancellationToken);
        _start += length + 2;
        return new(Encoding.UTF8.GetString(_buffer, _start - length - 2, length));
    }

    private async ValueTask<string> ReadLongTextAsync(int length, CancellationToken cancellationToken)
    {
        var bytes = new byte[length + 2];
        for (var at = 0; at < bytes.Length;)
        {
            await FillAsync(cancellationToken);
            var count = Math.Min(bytes.Length - at, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(bytes.AsSpan(at));
            _start += count;
            at += count;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    /// <summary>A reply has some hundred short lines, and mostly all of them are here already.</summary>
    private ValueTask<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
        if (length < 0)
            return ReadLongLineAsync(cancellationToken);
        var line = _buffer.AsSpan(_start, length).TrimEnd((byte)'\r');
        _start += length + 1;
        return new(Encoding.UTF8.GetString(line));
    }

    private async ValueTask<string> ReadLongLineAsync(CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        while (true)
        {
            await FillAsync(cancellationToken);
            var end = Array.IndexOf(_buffer, (byte)'\n', _start, _end - _start);
            var stop = end < 0 ? _end : end + 1;
            bytes.Write(_buffer, _start, stop - _start);
            _start = stop;
            if (end >= 0)
                return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimEnd('\r', '\n');
            if (bytes.Length > _buffer.Length * 4)
                throw new InvalidDataException("What answers does not speak the protocol of Redis.");
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start < _end)
            return;
        _start = 0;
        _end = await stream.ReadAsync(_buffer, cancellationToken);
        if (_end == 0)
            throw new EndOfStreamException("The server closed the connection.");
    }
}
