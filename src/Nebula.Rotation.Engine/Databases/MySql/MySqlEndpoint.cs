using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>
/// One address of a credential: a host name, an IPv4 or IPv6 address, or the path of a Unix socket, and its port. An element of HostName may bring a
/// port of its own (<c>db1:3307</c>, <c>[::1]:3307</c>); an IPv6 address without brackets has none, and a socket has none.
/// </summary>
/// <param name="Host">Without brackets.</param>
/// <param name="Port">The TCP port; 0 for a socket.</param>
internal sealed record MySqlEndpoint(string Host, int Port)
{
    /// <summary>Throws InvalidArgument for a text that is no address.</summary>
    public static MySqlEndpoint Parse(string text, int defaultPort)
    {
        if (text.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)) && !text.StartsWith('/'))
            throw Invalid(text, "it has a blank in it");
        if (text.StartsWith('/'))
            return new(text, 0);
        if (text.StartsWith('['))
        {
            if (text.IndexOf(']', StringComparison.Ordinal) is not (> 0 and var end))
                throw Invalid(text, "the bracket is not closed");
            var address = text[1..end];
            if (!IsAddress6(address))
                throw Invalid(text, "only an IPv6 address goes in brackets");
            return text[(end + 1)..] switch
            {
                "" => new(address, defaultPort),
                [':', .. var digits] => new(address, ReadPort(text, digits)),
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

    public bool IsSocket => Host.StartsWith('/');

    /// <summary>The host as it stands before a colon and a port: an IPv6 address in brackets.</summary>
    public string HostInBrackets => Host.Contains(':', StringComparison.Ordinal) && !IsSocket ? $"[{Host}]" : Host;

    /// <summary>Whether a connection stays on this machine, so that nobody can stand between.</summary>
    public bool IsLocal => IsSocket || Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    public override string ToString() => IsSocket ? Host : string.Create(CultureInfo.InvariantCulture, $"{HostInBrackets}:{Port}");

    private static int ReadPort(string text, string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535
            ? port
            : throw Invalid(text, $"'{digits}' is not a port from 1 to 65535");

    private static bool IsAddress6(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 && !text.Contains('[', StringComparison.Ordinal);

    private static RotationException Invalid(string text, string reason) =>
        new(
            RotationErrorCode.InvalidArgument,
            $"'{text}' is no address of a server: {reason}.",
            "Give a host name or an address, alone or with a port (db1, db1:3307, [::1]:3307), or the path of a Unix socket.");
}
