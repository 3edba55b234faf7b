using System.Text.RegularExpressions;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>SHOW GRANTS and SHOW CREATE USER of two logins, made comparable: the reader that knows nothing of ours.</summary>
internal static partial class ServerText
{
    /// <summary>Without the login's name and the password's hash.</summary>
    public static string Normalize(string text, string name)
    {
        foreach (var form in new[] { MySqlServer.Identifier(name), MySqlServer.Literal(name), "'" + name + "'", "'" + name.Replace("'", "\\'", StringComparison.Ordinal) + "'" })
            text = text.Replace(form, "LOGIN", StringComparison.Ordinal);
        text = Hash().Replace(text, "HASH");
        // The roles of a line are sorted by name, and the login is one of them under another name.
        return Roles().Replace(text, match => match.Groups[1].Value + string.Join(',', Comma().Split(match.Groups[2].Value).Order(StringComparer.Ordinal)) + " ");
    }

    [GeneratedRegex(@"(\AGRANT |DEFAULT ROLE )((?:(?:LOGIN|`(?:[^`]|``)*`)@`[^`]*`,?)+) ")]
    private static partial Regex Roles();

    [GeneratedRegex("(?<=`),(?=LOGIN|`)")]
    private static partial Regex Comma();

    [GeneratedRegex(@"(AS|USING|PASSWORD) '(?:[^'\\]|\\.|'')*'|AS 0x[0-9A-F]+")]
    private static partial Regex Hash();
}
