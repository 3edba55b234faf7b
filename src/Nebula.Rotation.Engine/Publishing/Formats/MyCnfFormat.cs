using System.Text;
using Nebula.Rotation.Engine.Publishing.Files;

namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>
/// A section of an option file (MySQL manual, "Using Option Files"): values in double quotes with the escapes that the readers know. An option that is set
/// several times in sections of this name is changed everywhere.
/// </summary>
internal sealed class MyCnfFormat : IFileFormat
{
    /// <summary>The option that names another section than [client].</summary>
    public const string Section = "Section";

    public IReadOnlyList<(string Name, PublishFormat Format)> DefaultEntries { get; } = [("user", PublishFormat.Username), ("password", PublishFormat.Password)];

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        TargetOptions.Allow(target, Section);
        if (credential.DatabaseType != DatabaseType.MySql)
            throw TargetFailure.Invalid(target, "only the clients of MySQL and MariaDB read it.");
        if (SectionOf(target) is var section && (section.Length == 0 || section.IndexOfAny(['[', ']', '\n', '\r', '#', ';']) >= 0))
            throw TargetFailure.Invalid(target, $"'{section}' is no name of a section.");
        if (target.Entries.Keys.FirstOrDefault(name => name.Length == 0 || !name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')) is { } wrong)
            throw TargetFailure.Invalid(target, $"'{wrong}' is no name of an option.");
    }

    public string Write(string text, FileLogin login)
    {
        foreach (var entry in login.Entries)
            text = Write(text, SectionOf(login.Target), entry);
        return text;
    }

    private static string SectionOf(PublishTarget target) => TargetOptions.Find(target, Section) ?? "client";

    private static string Write(string text, string section, TargetEntry entry)
    {
        if (entry.Value.Contains('\0', StringComparison.Ordinal))
            throw TargetFailure.Because($"The value of {entry.Name} holds a NUL character, which no option file can.");
        var isInside = false;
        int? place = null;
        var found = new List<(int Start, int Length, string Value)>();
        foreach (var (start, length) in TargetText.Lines(text))
        {
            var line = text.Substring(start, length);
            var trimmed = line.Trim();
            if (trimmed.StartsWith('['))
                isInside = trimmed[1..].Split(']')[0].Trim() == section;
            if (!isInside || trimmed.Length == 0 || trimmed[0] is '#' or ';')
                continue;
            place = start + length;
            if (trimmed[0] is '[' or '!')
                continue;
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var name = (equals < 0 ? trimmed : line[..equals]).Trim();
            if (Normal(name) == Normal(entry.Name))
                found.Add((start, length, equals < 0 ? "" : Read(line[(equals + 1)..])));
        }

        var wanted = $"{entry.Name}={Quote(entry.Value)}";
        foreach (var (start, length, value) in Enumerable.Reverse(found))
        {
            if (value != entry.Value)
                text = text.Remove(start, length).Insert(start, wanted);
        }

        if (found.Count > 0)
            return text;
        return place is { } after ? text.Insert(after, TargetText.LineEnd(text) + wanted) : TargetText.Append(TargetText.Append(text, $"[{section}]"), wanted);
    }

    /// <summary>A dash and an underscore are the same in an option's name.</summary>
    private static string Normal(string name) => name.Replace('_', '-');

    private static string Quote(string value)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in value)
        {
            quoted.Append(character switch
            {
                '\\' => "\\\\",
                '"' => "\\\"",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                _ => character.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>As the readers do it: the comment goes, then blanks, then the outer quotes, then the escapes are read.</summary>
    private static string Read(string value)
    {
        var text = WithoutComment(value).Trim();
        if (text.Length > 1 && text[0] is '"' or '\'' && text[^1] == text[0])
            text = text[1..^1];
        var read = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '\\' || at + 1 == text.Length)
            {
                read.Append(text[at]);
                continue;
            }

            read.Append(text[++at] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                'b' => "\b",
                's' => " ",
                '"' or '\'' or '\\' => text[at].ToString(),
                var other => "\\" + other,
            });
        }

        return read.ToString();
    }

    private static string WithoutComment(string value)
    {
        var (quote, isEscaped) = ('\0', false);
        for (var at = 0; at < value.Length; at++)
        {
            var character = value[at];
            if (character is '"' or '\'' && !isEscaped)
                quote = quote == '\0' ? character : quote == character ? '\0' : quote;
            if (quote == '\0' && character == '#')
                return value[..at];
            isEscaped = quote != '\0' && character == '\\' && !isEscaped;
        }

        return value;
    }
}
