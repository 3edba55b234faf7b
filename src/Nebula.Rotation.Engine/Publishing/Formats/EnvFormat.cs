using System.Text;
using System.Text.RegularExpressions;
using Nebula.Rotation.Engine.Publishing.Files;

namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>
/// Assignments as a POSIX shell reads them (Shell Command Language, 2.2 Quoting), with an optional <c>export</c>. A value that needs no quotes has none,
/// so that readers without any (Docker's --env-file) take it too. A variable that is assigned several times is changed everywhere.
/// </summary>
internal sealed partial class EnvFormat : IFileFormat
{
    public IReadOnlyList<(string Name, PublishFormat Format)> DefaultEntries { get; } = [("DATABASE_URL", PublishFormat.Uri)];

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        TargetOptions.Allow(target);
        if (target.Entries.Keys.FirstOrDefault(name => !VariableName().IsMatch(name)) is { } wrong)
            throw TargetFailure.Invalid(target, $"'{wrong}' is no name of a variable.", "Letters, digits and underscores, no digit first.");
    }

    public string Write(string text, FileLogin login)
    {
        foreach (var entry in login.Entries)
        {
            if (entry.Value.Contains('\0', StringComparison.Ordinal))
                throw TargetFailure.Because($"The value of {entry.Name} holds a NUL character, which no variable can.");
            var found = Parse(text, login.Target.Path).Where(assignment => assignment.Name == entry.Name).ToList();
            if (found.Count == 0)
                text = TargetText.Append(text, $"{entry.Name}={Quote(entry.Value)}");
            foreach (var assignment in Enumerable.Reverse(found).Where(assignment => assignment.Value != entry.Value))
                text = string.Concat(text.AsSpan(0, assignment.Start), Quote(entry.Value), text.AsSpan(assignment.End));
        }

        return text;
    }

    /// <summary>The variables and their values; null for a value that only a shell could tell, with an expansion in it.</summary>
    public static IReadOnlyList<(string Name, string? Value)> Read(string text) => [.. Parse(text, null).Select(assignment => (assignment.Name, assignment.Value))];

    private static List<Assignment> Parse(string text, string? path)
    {
        var found = new List<Assignment>();
        var at = 0;
        while (at < text.Length)
        {
            var head = Head().Match(text, at);
            if (head.Success)
                found.Add(ReadValue(text, head.Groups[1].Value, at + head.Length, path, out at));
            var end = text.IndexOf('\n', at);
            at = end < 0 ? text.Length : end + 1;
        }

        return found;
    }

    private static Assignment ReadValue(string text, string name, int start, string? path, out int at)
    {
        var value = new StringBuilder();
        var isKnown = true;
        // Blanks at the end belong to nobody.
        var end = start;
        var length = 0;
        for (at = start; at < text.Length && text[at] != '\n';)
        {
            var character = text[at];
            if (character == '#' && at > start && text[at - 1] is ' ' or '\t')
                break;
            if (character is '\'' or '"')
            {
                at = ReadQuoted(text, at, value, ref isKnown);
                if (at < 0)
                    throw TargetFailure.Because($"'{path}' cannot be read: the quote that the value of {name} begins with never ends.", "Mend it by hand.");
                (end, length) = (at, value.Length);
                continue;
            }

            if (character == '\\' && at + 1 < text.Length && text[at + 1] is not ('\n' or '\r'))
                character = text[++at];
            else if (character is '$' or '`')
                isKnown = false;
            value.Append(character);
            at++;
            if (character is not (' ' or '\t' or '\r'))
                (end, length) = (at, value.Length);
        }

        return new(name, start, end, isKnown ? value.ToString(0, length) : null);
    }

    /// <returns>Where it goes on, or -1 when the quote is not closed.</returns>
    private static int ReadQuoted(string text, int at, StringBuilder value, ref bool isKnown)
    {
        var quote = text[at++];
        for (; at < text.Length; at++)
        {
            var character = text[at];
            if (character == quote)
                return at + 1;
            if (quote == '"')
            {
                if (character == '\\' && at + 1 < text.Length && text[at + 1] is '\\' or '"' or '$' or '`')
                    character = text[++at];
                else if (character is '$' or '`')
                    isKnown = false;
            }

            value.Append(character);
        }

        return -1;
    }

    private static string Quote(string value)
    {
        if (Plain().IsMatch(value))
            return value;
        if (!value.Contains('\'', StringComparison.Ordinal))
            return $"'{value}'";
        var escaped = new StringBuilder("\"");
        foreach (var character in value)
        {
            if (character is '\\' or '"' or '$' or '`')
                escaped.Append('\\');
            escaped.Append(character);
        }

        return escaped.Append('"').ToString();
    }

    private readonly record struct Assignment(string Name, int Start, int End, string? Value);

    [GeneratedRegex(@"\G[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*", RegexOptions.CultureInvariant)]
    private static partial Regex Head();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex VariableName();

    // Nothing that a shell, systemd or a .env reader takes for more than itself.
    [GeneratedRegex(@"^[A-Za-z0-9_.:/@%+=,?-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
