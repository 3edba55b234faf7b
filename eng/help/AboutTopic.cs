using System.Text;

namespace Nebula.Rotation.Help;

/// <summary>A page of docs/about as PowerShell's help has it: text of 80 columns, in the order that Get-Help reads a topic's summary by.</summary>
public static class AboutTopic
{
    private const int Width = 80;

    /// <summary>Makes the text of a page.</summary>
    public static string Write(string markdown)
    {
        var (title, lead, _) = Sections.Split(markdown, "## ");
        var text = new StringBuilder($"TOPIC\n    {title}\n\nSHORT DESCRIPTION\n");
        // Get-Help takes the fifth line for the summary: one line, however long.
        text.Append("    ").AppendJoin(' ', PlainText.Paragraphs(lead)).Append('\n');
        foreach (var block in PlainText.Blocks(markdown[markdown.IndexOf("\n## ", StringComparison.Ordinal)..]))
        {
            if (block.Level > 0)
                text.Append('\n').Append(block.Level == 2 ? block.Text.ToUpperInvariant() : $"  {block.Text}").Append('\n');
            else
                Append(text, block);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, TextBlock block)
    {
        var indent = new string(' ', 4 + block.Indent);
        if (block.Hanging == 0)
            text.Append(text[^1] == '\n' && text[^2] == '\n' ? "" : "\n");
        if (block.IsCode)
        {
            foreach (var line in block.Text.Split('\n'))
                text.Append(line.Length == 0 ? "" : indent + line).Append('\n');
            return;
        }

        var at = indent;
        foreach (var word in block.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at.Length + word.Length > Width && at.Trim().Length > 0)
            {
                text.Append(at.TrimEnd()).Append('\n');
                at = indent + new string(' ', block.Hanging);
            }

            at += word + " ";
        }

        text.Append(at.TrimEnd()).Append('\n');
    }
}
