using System.Net;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Mentions;

/// <summary>Whether an address that something in the server connects to is the server itself.</summary>
internal static class MentionAddress
{
    private const string DefaultPort = "5432";

    /// <summary>libpq's rules: no host is the local socket (manual, "Parameter Key Words").</summary>
    public static bool IsThisServer(DatabaseCredential credential, string? host, string? port) =>
        IsAt(credential, host, port) || PostgreSqlOptions.Direct(credential) is var direct && !ReferenceEquals(direct, credential) && IsAt(direct, host, port);

    private static bool IsAt(DatabaseCredential credential, string? host, string? port) =>
        (string.IsNullOrEmpty(port) ? DefaultPort : port) == credential.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)
        && (string.IsNullOrEmpty(host)
            || host[0] is '/' or '@'
            || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)
            || credential.HostName.Contains(host, StringComparer.OrdinalIgnoreCase));

    /// <summary>A keyword's value in a connection string, or null; a URI has none.</summary>
    public static string? Value(string connection, string keyword)
    {
        var match = Regex.Match(connection, $"""(?:^|\s){keyword}\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s']*))""", RegexOptions.CultureInvariant);
        if (!match.Success)
            return null;
        return match.Groups[1].Success ? Regex.Replace(match.Groups[1].Value, @"\\(.)", "$1") : match.Groups[2].Value;
    }

    /// <summary>Whether a connection string, in either form, logs in with a name.</summary>
    public static bool LogsInAs(string connection, string username) =>
        Value(connection, "user") == username || connection.StartsWith("postgres", StringComparison.Ordinal) && UriUser(connection) == username;

    private static string? UriUser(string connection) =>
        Uri.TryCreate(connection, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0 ? Uri.UnescapeDataString(uri.UserInfo.Split(':')[0]) : null;
}
