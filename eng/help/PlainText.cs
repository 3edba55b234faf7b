using System.Text;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Nebula.Rotation.Help;

/// <summary>Markdown as a console shows it.</summary>
public static class PlainText
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().Build();

    /// <summary>A text a paragraph, list item, table row or block of code. Lines are not broken: Get-Help does that.</summary>
    public static IReadOnlyList<string> Paragraphs(string markdown) => [.. Blocks(markdown).Select(block => block.Text)];

    /// <summary>The same with the indent of each, and whether its lines must stay as they are.</summary>
    internal static IEnumerable<TextBlock> Blocks(string markdown) => Markdown.Parse(markdown, Pipeline).SelectMany(block => Read(block, 0));

    private static IEnumerable<TextBlock> Read(Block block, int indent) => block switch
    {
        HeadingBlock heading => [new TextBlock(Text(heading.Inline), indent) { Level = heading.Level }],
        ParagraphBlock paragraph => [new TextBlock(Text(paragraph.Inline), indent)],
        ListBlock list => list.Cast<ListItemBlock>().SelectMany((item, index) => Item(item, list.IsOrdered ? $"{index + 1}. " : "- ", indent)),
        Table table => Rows(table, indent),
        CodeBlock code => [new TextBlock(string.Join('\n', code.Lines.Lines.Take(code.Lines.Count)), indent + 4) { IsCode = true }],
        HtmlBlock => [],
        _ => throw new InvalidDataException($"A {block.GetType().Name} has no place in help: line {block.Line + 1}."),
    };

    private static List<TextBlock> Item(ListItemBlock item, string mark, int indent)
    {
        var blocks = item.SelectMany(block => Read(block, indent + 2)).ToList();
        if (blocks.Count > 0)
            blocks[0] = blocks[0] with { Text = mark + blocks[0].Text, Indent = indent, Hanging = mark.Length };
        return blocks;
    }

    // A row of a table as an item: a console is too narrow for most of them.
    private static IEnumerable<TextBlock> Rows(Table table, int indent) => table.Cast<TableRow>().Where(row => !row.IsHeader).Select(row =>
    {
        var cells = row.Cast<TableCell>().Select(cell => string.Join(' ', cell.OfType<ParagraphBlock>().Select(paragraph => Text(paragraph.Inline)))).Where(text => text.Length > 0).ToList();
        return new TextBlock($"- {string.Join(": ", cells)}", indent) { Hanging = 2 };
    });

    private static string Text(ContainerInline? inlines)
    {
        var text = new StringBuilder();
        foreach (var inline in inlines ?? [])
        {
            text.Append(inline switch
            {
                LiteralInline literal => literal.Content.ToString(),
                CodeInline code => code.Content,
                LineBreakInline => " ",
                HtmlEntityInline entity => entity.Transcoded.ToString(),
                HtmlInline => "",
                AutolinkInline link => link.Url,
                ContainerInline container => Text(container),
                _ => throw new InvalidDataException($"A {inline.GetType().Name} has no place in help: line {inline.Line + 1}."),
            });
        }

        return text.ToString();
    }
}
