using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>
/// What one client of MariaDB sends: each packet that begins a command is one round trip (manual, "Client/Server Protocol"). The driver puts parameters into the
/// text by itself.
/// </summary>
internal sealed class MySqlConversation(int number, Action<FloorStep> seen) : IConversation
{
    private const int Header = 4;
    private const int UserAt = 32;
    private const uint ConnectWithDatabase = 1 << 3;

    /// <summary>The driver sends it when it opens a connection, and does so in the floor, too.</summary>
    private const string Opening = "SET NAMES utf8mb4;";

    private readonly List<byte> _pending = [];
    private (string User, string Database)? _login;

    public void Read(ReadOnlySpan<byte> bytes)
    {
        _pending.AddRange(bytes);
        while (true)
        {
            var all = CollectionsMarshal.AsSpan(_pending);
            if (all.Length < Header)
                return;
            var length = Header + (all[0] | (all[1] << 8) | (all[2] << 16));
            if (all.Length < length)
                return;
            See(all[3], all[Header..length]);
            _pending.RemoveRange(0, length);
        }
    }

    private void See(byte sequence, ReadOnlySpan<byte> body)
    {
        if (_login is not var (user, database))
            _login = ReadLogin(body);
        else if (sequence == 0)
            See(user, database, body);
        // Any other packet goes on with proving the login.
    }

    private void See(string user, string database, ReadOnlySpan<byte> command)
    {
        const byte Quit = 0x01, Query = 0x03;
        switch (command[0])
        {
            case Quit:
                break;
            case Query:
                var statement = Encoding.UTF8.GetString(command[1..]);
                if (statement != Opening)
                    seen(new(number, user, database, [statement]));
                break;
            default:
                throw new NotSupportedException($"Command {command[0]} is not read here yet.");
        }
    }

    /// <summary>Capabilities, sizes, the name, the answer to the server's challenge, the database.</summary>
    private static (string User, string Database) ReadLogin(ReadOnlySpan<byte> body)
    {
        var capabilities = BinaryPrimitives.ReadUInt32LittleEndian(body);
        var rest = body[UserAt..];
        var user = Text(rest);
        rest = rest[(rest.IndexOf((byte)0) + 1)..];
        // An answer is shorter than what would need more than one byte to say.
        rest = rest[(1 + rest[0])..];
        return (user, (capabilities & ConnectWithDatabase) == 0 ? "" : Text(rest));
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes[..bytes.IndexOf((byte)0)]);
}
