using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Nebula.Rotation.Engine.Databases.Redis;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>
/// What one client of Redis sends: arrays of words (redis.io, "Redis serialization protocol specification"). Commands that came together are one round trip, and
/// passwords are left out here already.
/// </summary>
internal sealed class RedisConversation(int number, Action<FloorStep> seen) : IConversation
{
    /// <summary>Stands where a password was.</summary>
    public const string PasswordSlot = "{password}";

    private readonly List<byte> _pending = [];
    private List<string> _commands = [];
    private string _user = "";

    public void Read(ReadOnlySpan<byte> bytes)
    {
        _pending.AddRange(bytes);
        while (TryTake() is { } words)
            See(words);
        if (_pending.Count > 0 || _commands.Count == 0)
            return;
        seen(new(number, _user, "", _commands));
        _commands = [];
    }

    private void See(List<string> words)
    {
        if (words is ["AUTH", var user, _])
            (_user, words[2]) = (user, PasswordSlot);
        // Of ACL SETUSER: what adds a password or takes one away.
        if (words is ["ACL", "SETUSER", ..])
            words = [.. words.Select(word => word is ['>' or '<', ..] ? word[0] + PasswordSlot : word)];
        _commands.Add(RedisDialect.Command(words));
    }

    /// <summary>The next command; null while it is not all there.</summary>
    private List<string>? TryTake()
    {
        var rest = (ReadOnlySpan<byte>)CollectionsMarshal.AsSpan(_pending);
        if (!TryNumber(ref rest, out var count))
            return null;
        var words = new List<string>(count);
        while (words.Count < count)
        {
            if (!TryNumber(ref rest, out var length) || rest.Length < length + 2)
                return null;
            words.Add(Encoding.UTF8.GetString(rest[..length]));
            rest = rest[(length + 2)..];
        }

        _pending.RemoveRange(0, _pending.Count - rest.Length);
        return words;
    }

    /// <summary>A line of one sign and a number.</summary>
    private static bool TryNumber(ref ReadOnlySpan<byte> rest, out int value)
    {
        value = 0;
        var end = rest.IndexOf("\r\n"u8);
        if (end < 0)
            return false;
        value = int.Parse(rest[1..end], CultureInfo.InvariantCulture);
        rest = rest[(end + 2)..];
        return true;
    }
}
