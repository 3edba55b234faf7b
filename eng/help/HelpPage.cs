namespace Nebula.Rotation.Help;

/// <summary>A page of docs/commands: what people write. Its texts are Markdown.</summary>
public sealed class HelpPage
{
    /// <summary>Stands in a generated line, which is not read.</summary>
    public const string GeneratedLine = "<sub>";

    /// <summary>Stands under a parameter whose text comes from parameters.md.</summary>
    public const string SharedMark = "<!-- from parameters.md -->";

    private static readonly string[] Known = ["Syntax", "Description", "Examples", "Parameters", "Inputs", "Outputs", "Notes", "Related"];

    /// <summary>The cmdlet.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in a sentence or two.</summary>
    public required string Synopsis { get; init; }

    /// <summary>What happens, in which order, and what when it fails.</summary>
    public required string Description { get; init; }

    /// <summary>In the page's order.</summary>
    public required IReadOnlyList<HelpExample> Examples { get; init; }

    /// <summary>Parameters that are described in the page itself, in its order.</summary>
    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    /// <summary>A list item a type.</summary>
    public required IReadOnlyDictionary<string, string> Outputs { get; init; }

    /// <summary>What else is to be known; may be empty.</summary>
    public required string Notes { get; init; }

    /// <summary>Commands and topics, as a list of links.</summary>
    public required string Related { get; init; }

    /// <summary>Reads a page.</summary>
    /// <exception cref="InvalidDataException">It has a section that is not known.</exception>
    public static HelpPage Read(string text)
    {
        var (title, synopsis, sections) = Sections.Split(text, "## ");
        if (sections.FirstOrDefault(section => !Known.Contains(section.Title)) is { Title: { } unknown })
            throw new InvalidDataException($"{title}: a page has no section '{unknown}'; known are {string.Join(", ", Known)}.");
        string Text(string name) => sections.FirstOrDefault(section => section.Title == name).Text ?? "";
        return new HelpPage
        {
            Name = title,
            Synopsis = synopsis,
            Description = Text("Description"),
            Examples = [.. Sections.Split(Text("Examples"), "### ").Items.Select(item => HelpExample.Read(item.Title, item.Text))],
            Parameters = ReadParameters(Text("Parameters")),
            Outputs = ReadOutputs(Text("Outputs")),
            Notes = Text("Notes"),
            Related = Text("Related"),
        };
    }

    /// <summary>The descriptions under headings such as "### -Name", without generated lines and without those that come from elsewhere.</summary>
    public static IReadOnlyDictionary<string, string> ReadParameters(string text)
    {
        var found = new OrderedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (title, body) in Sections.Split(text, "### ").Items)
        {
            if (!body.Contains(SharedMark, StringComparison.Ordinal))
                found.Add(title.TrimStart('-'), Sections.WithoutGenerated(body));
        }

        return found;
    }

    // "- `Type`: what comes"; a line that is indented goes on with the item before.
    private static OrderedDictionary<string, string> ReadOutputs(string text)
    {
        var found = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n').Where(line => line.Length > 0))
        {
            if (line.StartsWith("- `", StringComparison.Ordinal) && line.IndexOf("`:", StringComparison.Ordinal) is > 0 and var end)
                found.Add(line[3..end], line[(end + 2)..].Trim());
            else if (found.Count > 0)
                found.SetAt(found.Count - 1, found.GetAt(found.Count - 1).Value + " " + line.Trim());
            else
                throw new InvalidDataException($"Outputs are items such as \"- `Type`: what comes\", not: {line}");
        }

        return found;
    }
}
