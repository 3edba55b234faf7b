using System.Buffers;
using System.Globalization;
using System.Net;
using MongoDB.Driver;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>One server's address.</summary>
internal sealed record MongoDbEndpoint(string Host, int Port)
{
    private static readonly SearchValues<char> NotInHost = SearchValues.Create("@/?#, ");

    /// <summary>Reads a host as a credential has it: a name or an address, with a port of its own or without; IPv6 in brackets where a port follows.</summary>
    public static MongoDbEndpoint Parse(string text, int defaultPort)
    {
        if (text.StartsWith('/'))
            throw Invalid($"'{text}' is a socket's path, and MongoDB's .NET driver connects by TCP only.", "Name the host: 127.0.0.1.");
        var (host, port) = Split(text);
        if (host.Length == 0 || host.AsSpan().ContainsAny(NotInHost))
            throw Invalid($"'{text}' is not a host name.", "Give a name or an address; several hosts as an array.");
        if (port is null)
            return new(host, defaultPort);
        return int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535
            ? new(host, number)
            : throw Invalid($"'{port}' in '{text}' is not a TCP port.", "Give a port from 1 to 65535; MongoDB's own is 27017.");
    }

    public static IReadOnlyList<MongoDbEndpoint> AllOf(DatabaseCredential credential) =>
        [.. credential.HostName.Select(host => Parse(host, credential.Port))];

    public static MongoDbEndpoint Of(EndPoint endpoint) => endpoint switch
    {
        DnsEndPoint name => new(name.Host, name.Port),
        IPEndPoint address => new(address.Address.ToString(), address.Port),
        _ => Parse(endpoint.ToString()!, 27017),
    };

    public MongoServerAddress ToAddress() => new(Host, Port);

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || (end + 1 < text.Length && text[end + 1] != ':'))
                throw Invalid($"'{text}' is not an address.", "Write an IPv6 address with a port as [::1]:27017.");
            return (text[1..end], end + 1 < text.Length ? text[(end + 2)..] : null);
        }

        return text.Count(character => character == ':') == 1 ? (text[..text.IndexOf(':', StringComparison.Ordinal)], text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..]) : (text, null);
    }

    private static RotationException Invalid(string message, string action) => new(RotationErrorCode.InvalidArgument, message, action);
}
