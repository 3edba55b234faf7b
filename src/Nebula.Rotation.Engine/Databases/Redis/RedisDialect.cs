using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>
/// Commands as text, the way redis-cli reads them: words with blanks between, in double quotes where they need it (src/sds.c, sdssplitargs). What is planned
/// is text; what is sent is the words that this class reads in it, each by itself.
/// </summary>
internal static class RedisDialect
{
    /// <summary>The user that a password without a name belongs to.</summary>
    public const string DefaultUser = "default";

    /// <summary>The server takes longer names; nobody wants one.</summary>
    public static UsernameRules UsernameRules { get; } = new(256, Encoding.UTF8.GetByteCount, "bytes", []);

    /// <summary>Throws InvalidArgument for a name that the server does not take (src/acl.c: no blank, no null).</summary>
    public static void ValidateUsername(string username)
    {
        if (username.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)))
            throw new RotationException(RotationErrorCode.InvalidArgument, "The user name has a blank or a control character, which Redis does not take.", "Give another one.");
    }

    /// <summary>One word.</summary>
    public static string Word(string word)
    {
        if (word.Length > 0 && word.All(character => character > ' ' && character is not ('"' or '\'' or '\\') && !char.IsControl(character) && !char.IsWhiteSpace(character)))
            return word;
        var text = new StringBuilder("\"");
        foreach (var character in word)
        {
            _ = character switch
            {
                '"' or '\\' => text.Append('\\').Append(character),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' or '\u007F' => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}"),
                _ => text.Append(character),
            };
        }

        return text.Append('"').ToString();
    }

    public static string Command(params IEnumerable<string> words) => string.Join(' ', words.Select(Word));

    /// <summary>The words of a text that <see cref="Word"/> and <see cref="Command"/> made, or somebody wrote for redis-cli.</summary>
    /// <exception cref="FormatException">A quote is not closed, or a word goes on behind one.</exception>
    public static IReadOnlyList<string> Split(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var word = new StringBuilder();
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
            {
                if (text[at] is '"' or '\'')
                    at = ReadQuoted(text, at, word);
                else
                    word.Append(text[at++]);
            }

            words.Add(word.ToString());
        }

        return words;
    }

    /// <summary>A password as the server keeps it (redis.io, "ACL SETUSER": <c>#hash</c>).</summary>
    public static string Hash(Secret password) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(password.Reveal()))).ToLowerInvariant();

    /// <summary>The words of a statement, its slot filled: behind a # goes the hash, anywhere else the password itself.</summary>
    public static IReadOnlyList<string> Words(PlannedStatement statement, Login? password)
    {
        if (!statement.CarriesPassword)
            return Split(statement.Text);
        if (password is null)
            throw new InvalidOperationException("A statement carries a password, and there is none.");
        var slot = NeedsPlainPassword(statement) ? Word(password.Password.Reveal()) : Hash(password.Password);
        return Split(statement.Text + slot + statement.TextAfterPassword);
    }

    /// <summary>True when the server takes nothing but the password itself there.</summary>
    public static bool NeedsPlainPassword(PlannedStatement statement) => statement.CarriesPassword && !statement.Text.EndsWith('#');

    private static int ReadQuoted(string text, int at, StringBuilder word)
    {
        var quote = text[at++];
        while (at < text.Length && text[at] != quote)
        {
            if (text[at] != '\\' || at + 1 == text.Length)
            {
                word.Append(text[at++]);
                continue;
            }

            var escaped = text[at + 1];
            if (quote == '\'')
            {
                word.Append(escaped == '\'' ? "'" : "\\" + escaped);
            }
            else if (escaped == 'x' && at + 3 < text.Length && byte.TryParse(text.AsSpan(at + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                word.Append((char)value);
                at += 2;
            }
            else
            {
                word.Append(escaped switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'a' => '\a', _ => escaped });
            }

            at += 2;
        }

        if (at == text.Length)
            throw new FormatException("A quote is not closed.");
        if (++at < text.Length && !char.IsWhiteSpace(text[at]))
            throw new FormatException("Behind a closing quote comes a blank.");
        return at;
    }
}
