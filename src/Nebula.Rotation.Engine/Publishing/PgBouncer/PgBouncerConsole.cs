using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Nebula.Rotation.Engine.Publishing.PgBouncer;

/// <summary>
/// PgBouncer's admin console (its manual, "Admin console"): it takes the simple query protocol only, which the driver does not speak. Messages as in the
/// PostgreSQL manual, "Frontend/Backend Protocol", version 3.0; without TLS, so for loopback and Unix sockets, and elsewhere only where the server asks for SCRAM.
/// </summary>
internal sealed class PgBouncerConsole : IAsyncDisposable
{
    private const string Database = "pgbouncer";
    private const int Protocol3 = 196608;
    private const int LongestMessage = 1 << 20;

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly string _place;
    private readonly TimeSpan _timeout;

    private PgBouncerConsole(Socket socket, string place, TimeSpan timeout)
    {
        _socket = socket;
        _stream = new(socket, ownsSocket: true);
        _place = place;
        _timeout = timeout;
    }

    /// <param name="host">A name, an address, or the folder of a Unix socket.</param>
    /// <param name="port">The port.</param>
    /// <param name="login">A user of admin_users.</param>
    /// <param name="timeout">How long each answer may take.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public static async Task<PgBouncerConsole> ConnectAsync(string host, int port, Login login, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var isSocket = host.StartsWith('/');
        var socket = isSocket ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        var console = default(PgBouncerConsole);
        try
        {
            using var limit = Limit(timeout, cancellationToken);
            if (isSocket)
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(host, $".s.PGSQL.{port}")), limit.Token);
            else
                await socket.ConnectAsync(host, port, limit.Token);
            console = new(socket, $"PgBouncer's console at {host}:{port}", timeout);
            await console.LogInAsync(login, limit.Token);
            return console;
        }
        catch (Exception exception) when (exception is not RotationException)
        {
            await Close();
            cancellationToken.ThrowIfCancellationRequested();
            throw TargetFailure.Because(
                exception is OperationCanceledException ? $"PgBouncer's console at {host}:{port} did not answer within {timeout.TotalSeconds:0} s." : $"PgBouncer's console at {host}:{port} cannot be reached: {exception.Message}",
                "See that PgBouncer runs and listens there.");
        }
        catch
        {
            await Close();
            throw;
        }

        async ValueTask Close()
        {
            if (console is not null)
                await console.DisposeAsync();
            socket.Dispose();
        }
    }

    /// <summary>Runs a command of the console.</summary>
    public async Task ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        using var limit = Limit(_timeout, cancellationToken);
        try
        {
            await SendAsync('Q', [.. Encoding.UTF8.GetBytes(command), 0], limit.Token);
            await ReadUntilReadyAsync(limit.Token);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw TargetFailure.Because($"{_place} gave no answer to {command}: {exception.Message}", "See that PgBouncer runs.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    private static CancellationTokenSource Limit(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        return limit;
    }

    private async Task LogInAsync(Login login, CancellationToken cancellationToken)
    {
        var parameters = Encoding.UTF8.GetBytes($"user\0{login.Username}\0database\0{Database}\0application_name\0Nebula.Rotation\0\0");
        var message = new byte[8 + parameters.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), Protocol3);
        parameters.CopyTo(message, 8);
        await _stream.WriteAsync(message, cancellationToken);

        ScramClient? scram = null;
        while (true)
        {
            var (type, body) = await ReadAsync(cancellationToken);
            if (type == 'E')
                throw Refused(body);
            if (type != 'R')
                throw Unexpected(type);
            switch (BinaryPrimitives.ReadInt32BigEndian(body))
            {
                case 0:
                    await ReadUntilReadyAsync(cancellationToken);
                    return;
                case 10:
                    scram = new(login.Password);
                    await SendAsync('p', scram.First(), cancellationToken);
                    break;
                case 11:
                    await SendAsync('p', (scram ?? throw Unexpected(type)).Final(body.AsSpan(4)), cancellationToken);
                    break;
                case 12:
                    (scram ?? throw Unexpected(type)).Verify(body.AsSpan(4));
                    break;
                case 3 when IsLocal:
                    await SendAsync('p', [.. Encoding.UTF8.GetBytes(login.Password.Reveal()), 0], cancellationToken);
                    break;
                case 5 when IsLocal:
                    await SendAsync('p', Md5(login, body.AsSpan(4, 4)), cancellationToken);
                    break;
                default:
                    throw TargetFailure.Because(
                        $"{_place} asks for a password in a way that is not safe without TLS, or not known.", "Let it ask for SCRAM (auth_type = scram-sha-256), or give a reload command.");
            }
        }
    }

    private bool IsLocal => _socket.RemoteEndPoint is UnixDomainSocketEndPoint || _socket.RemoteEndPoint is System.Net.IPEndPoint { Address: var address } && System.Net.IPAddress.IsLoopback(address);

    private async Task ReadUntilReadyAsync(CancellationToken cancellationToken)
    {
        RotationException? refusal = null;
        while (true)
        {
            var (type, body) = await ReadAsync(cancellationToken);
            if (type == 'E')
                refusal = Refused(body);
            if (type != 'Z')
                continue;
            if (refusal is not null)
                throw refusal;
            return;
        }
    }

    private async Task SendAsync(char type, byte[] body, CancellationToken cancellationToken)
    {
        var message = new byte[5 + body.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message, 5);
        await _stream.WriteAsync(message, cancellationToken);
    }

    private async Task<(char Type, byte[] Body)> ReadAsync(CancellationToken cancellationToken)
    {
        var head = new byte[5];
        await _stream.ReadExactlyAsync(head, cancellationToken);
        var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1)) - 4;
        if (length is < 0 or > LongestMessage)
            throw Unexpected((char)head[0]);
        var body = new byte[length];
        await _stream.ReadExactlyAsync(body, cancellationToken);
        return ((char)head[0], body);
    }

    /// <summary>The error's message field.</summary>
    private RotationException Refused(byte[] body)
    {
        var fields = Encoding.UTF8.GetString(body).Split('\0');
        var text = fields.FirstOrDefault(field => field.StartsWith('M')) is { } message ? message[1..] : "no reason given";
        return TargetFailure.Because($"{_place} refused: {text}", "See admin_users and the password of the console's credential.");
    }

    private RotationException Unexpected(char type) => TargetFailure.Because($"{_place} does not speak PostgreSQL's protocol (message '{type}').", "See that host and port are PgBouncer's.");

    private static byte[] Md5(Login login, ReadOnlySpan<byte> salt)
    {
        // The server's choice; see "Password Authentication" in the manual.
#pragma warning disable CA5351
        var inner = Hex(System.Security.Cryptography.MD5.HashData(Encoding.UTF8.GetBytes(login.Password.Reveal() + login.Username)));
        var outer = Hex(System.Security.Cryptography.MD5.HashData([.. Encoding.ASCII.GetBytes(inner), .. salt]));
#pragma warning restore CA5351
        return [.. Encoding.ASCII.GetBytes("md5" + outer), 0];

        static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
    }
}
