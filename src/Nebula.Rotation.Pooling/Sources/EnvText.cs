using System.Text;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.Pooling.Sources;

/// <summary>
/// Values of an <c>.env</c> file as a POSIX shell reads them (Shell Command Language, 2.2 Quoting), without expansions; the last assignment counts. It reads
/// what the EnvFile target writes.
/// </summary>
internal static partial class EnvText
{
    /// <summary>Gives what finds a value.</summary>
    /// <exception cref="FormatException">There is no such variable, or only a shell could tell its value. The message quotes no value.</exception>
    public static Func<string, string> Parse(string text)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (var at = 0; at < text.Length;)
        {
            var head = Head().Match(text, at);
            if (head.Success)
                values[head.Groups[1].Value] = ReadValue(text, at + head.Length, out at);
            var end = text.IndexOf('\n', at);
            at = end < 0 ? text.Length : end + 1;
        }

        return name => !values.TryGetValue(name, out var value) ? throw new FormatException($"there is no variable '{name}'.")
            : value ?? throw new FormatException($"the value of '{name}' cannot be told: a quote that never ends, or an expansion.");
    }

    private static string? ReadValue(string text, int start, out int at)
    {
        var value = new StringBuilder();
        var length = 0;
        var isKnown = true;
        for (at = start; at < text.Length && text[at] != '\n'; at++)
        {
            var character = text[at];
            switch (character)
            {
                case '#' when text[at - 1] is ' ' or '\t':
                    return isKnown ? value.ToString(0, length) : null;
                case '\'' or '"':
                    at = ReadQuoted(text, at, value, ref isKnown);
                    if (at < 0)
                    {
                        at = text.Length;
                        return null;
                    }

                    length = value.Length;
                    continue;
                case '\\' when at + 1 < text.Length && text[at + 1] is not ('\n' or '\r'):
                    value.Append(text[++at]);
                    length = value.Length;
                    continue;
                case '$' or '`':
                    isKnown = false;
                    break;
            }

            value.Append(character);
            // Blanks at the end belong to nobody.
            if (character is not (' ' or '\t' or '\r'))
                length = value.Length;
        }

        return isKnown ? value.ToString(0, length) : null;
    }

    /// <returns>Where the closing quote is, or -1.</returns>
    private static int ReadQuoted(string text, int at, StringBuilder value, ref bool isKnown)
    {
        var quote = text[at];
        while (++at < text.Length && text[at] != quote)
        {
            if (quote == '"' && text[at] == '\\' && at + 1 < text.Length && text[at + 1] is '\\' or '"' or '$' or '`')
                at++;
            else if (quote == '"' && text[at] is '$' or '`')
                isKnown = false;
            value.Append(text[at]);
        }

        return at < text.Length ? at : -1;
    }

    [GeneratedRegex(@"\G[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*", RegexOptions.CultureInvariant)]
    private static partial Regex Head();
}
