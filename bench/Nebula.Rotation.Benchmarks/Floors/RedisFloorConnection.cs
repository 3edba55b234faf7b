using System.Net.Sockets;
using Nebula.Rotation.Engine.Databases.Redis;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>By the client that the product has for Redis, as the other floors are by the drivers that it has for theirs. Replies are read, and nothing is made of them.</summary>
internal sealed class RedisFloorConnection : IFloorConnection
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RespConnection _connection;
    private readonly string _password;

    private RedisFloorConnection(RespConnection connection, string password) => (_connection, _password) = (connection, password);

    /// <summary>Logging in is among what is sent, with this password.</summary>
    public static async Task<RedisFloorConnection> OpenAsync(string host, int port, string password)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(host, port);
        return new(new(new NetworkStream(socket), socket, socket.RemoteEndPoint, isEncrypted: false, Patience), password);
    }

    public async Task RunAsync(IReadOnlyList<string> statements)
    {
        var commands = statements.Select(statement => (IReadOnlyList<string>)RedisDialect.Split(statement.Replace(RedisConversation.PasswordSlot, _password, StringComparison.Ordinal)));
        foreach (var reply in await _connection.AskAsync([.. commands], CancellationToken.None))
        {
            if (reply is RespError error && !IsExpected(error))
                throw new InvalidOperationException($"The floor does not do what was recorded: {error.Message}");
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>The application's login is refused what it may not ask, and a server alone has no cluster: as it was when this was recorded.</summary>
    private static bool IsExpected(RespError error) => error.Is("NOPERM") || error.Message.Contains("cluster support disabled", StringComparison.Ordinal);
}
