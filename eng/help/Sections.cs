namespace Nebula.Rotation.Help;

/// <summary>Splits a Markdown text at its headings of one level; what stands within code fences is no heading.</summary>
internal static class Sections
{
    /// <returns>The title after "# ", what stands before the first heading, and the sections.</returns>
    public static (string Title, string Lead, IReadOnlyList<(string Title, string Text)> Items) Split(string text, string mark)
    {
        var (title, at, isCode) = ("", (string?)null, false);
        var (lines, lead, items) = (new List<string>(), "", new List<(string, string)>());
        void Close()
        {
            var body = string.Join('\n', lines).Trim();
            lines.Clear();
            if (at is null)
                lead = body;
            else
                items.Add((at, body));
        }

        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isCode = !isCode;
            if (!isCode && line.StartsWith("# ", StringComparison.Ordinal))
            {
                title = line[2..].Trim();
            }
            else if (!isCode && line.StartsWith(mark, StringComparison.Ordinal))
            {
                Close();
                at = line[mark.Length..].Trim();
            }
            else
            {
                lines.Add(line);
            }
        }

        Close();
        return (title, lead, items);
    }

    public static string WithoutGenerated(string text) =>
        string.Join('\n', text.Split('\n').Where(line => !line.StartsWith(HelpPage.GeneratedLine, StringComparison.Ordinal))).Trim();
}
