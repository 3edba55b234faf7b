using System.Text.RegularExpressions;

namespace Nebula.Rotation.Engine.Databases.MySql.Definers;

/// <summary>
/// Reads what SHOW CREATE says, as far as the name: the server writes that part itself, in one form for each type of object; after it comes the text of whoever
/// made the object, which is nobody's to read.
/// </summary>
internal static partial class CreateText
{
    /// <summary>The parts around the definer; null when the text has another form.</summary>
    public static (string Head, string Tail)? SplitAtDefiner(string text)
    {
        var match = Definer().Match(text);
        return match.Success ? (match.Groups["head"].Value, match.Groups["tail"].Value) : null;
    }

    /// <summary>The parts around the name of a routine.</summary>
    public static (string Words, string Text)? SplitAtRoutine(string tail)
    {
        var match = Routine().Match(tail);
        return match.Success ? (match.Groups["words"].Value.ToUpperInvariant(), match.Groups["rest"].Value) : null;
    }

    /// <summary>A trigger's moment, and its body; its name, its table and its place among the others are known.</summary>
    public static (string Moment, string Body)? SplitTrigger(string tail)
    {
        var match = Trigger().Match(tail);
        return match.Success ? (match.Groups["moment"].Value, match.Groups["body"].Value) : null;
    }

    private const string Name = """(?:`(?:[^`]|``)*`|"(?:[^"]|"")*"|[\w$]+)""";
    private const string Dotted = $@"{Name}(?:\s*\.\s*{Name})?";

    [GeneratedRegex($@"\ACREATE\s+(?<head>(?:ALGORITHM\s*=\s*\w+\s+)?)DEFINER\s*=\s*{Name}\s*@\s*{Name}\s+(?<tail>.*)\z", RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Definer();

    [GeneratedRegex($@"\A(?<words>(?:AGGREGATE\s+)?(?:FUNCTION|PROCEDURE))\s+(?:IF\s+NOT\s+EXISTS\s+)?{Dotted}(?<rest>\s*\(.*)\z", RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Routine();

    [GeneratedRegex($@"\ATRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?{Dotted}\s+(?<moment>(?:BEFORE|AFTER)\s+(?:INSERT|UPDATE|DELETE))\s+ON\s+{Dotted}\s+FOR\s+EACH\s+ROW\b(?:\s+(?:FOLLOWS|PRECEDES)\s+{Dotted})?(?<body>\s*.*)\z", RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Trigger();
}
