using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>
/// One address: a host name, an IPv4 or an IPv6 address, and its port. An element of HostName may bring a port of its own (<c>db1:6380</c>,
/// <c>[::1]:6380</c>); an IPv6 address without brackets has none.
/// </summary>
/// <param name="Host">Without brackets.</param>
/// <param name="Port">The TCP port.</param>
internal sealed record RedisEndpoint(string Host, int Port)
{
    /// <summary>Throws InvalidArgument for a text that is no address.</summary>
    public static RedisEndpoint Parse(string text, int defaultPort)
    {
        if (text.Length == 0 || text.Any(character => char.IsWhiteSpace(character) || char.IsControl(character) || character is ',' or '/'))
            throw Invalid(text, "it has a blank, a comma or a slash in it, or nothing");
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || !IsAddress6(text[1..end]))
                throw Invalid(text, "only an IPv6 address goes in brackets");
            return text[(end + 1)..] switch
            {
                "" => new(text[1..end], defaultPort),
                [':', .. var digits] => new(text[1..end], ReadPort(text, digits)),
                _ => throw Invalid(text, "after the bracket comes nothing, or a colon and a port"),
            };
        }

        return text.Split(':') switch
        {
            [var host] when host.Length > 0 => new(host, defaultPort),
            [var host, var digits] when host.Length > 0 => new(host, ReadPort(text, digits)),
            { Length: > 2 } when IsAddress6(text) => new(text, defaultPort),
            _ => throw Invalid(text, "it is neither a host name nor an address"),
        };
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    private static int ReadPort(string text, string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535
            ? port
            : throw Invalid(text, $"'{digits}' is not a port from 1 to 65535");

    private static bool IsAddress6(string text) => IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static RotationException Invalid(string text, string reason) =>
        new(
            RotationErrorCode.InvalidArgument,
            $"'{text}' is no address of a server: {reason}.",
            "Give a host name or an address, alone or with a port (db1, db1:6380, [::1]:6380).");
}
