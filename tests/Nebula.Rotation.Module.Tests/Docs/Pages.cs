using System.Management.Automation.Language;
using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>The pages for readers, and the commands in them.</summary>
internal static class Pages
{
    /// <summary>README.md, docs and what is below it, the packages' own pages; by path.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Path.Combine(Repository.Root, "README.md"),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal),
        .. Directory.GetFiles(Path.Combine(Repository.Root, "samples"), "README.md"),
    ];

    /// <summary>The code blocks of a page, in their order.</summary>
    public static IReadOnlyList<CodeBlock> Blocks(string path)
    {
        var (blocks, lines) = (new List<CodeBlock>(), File.ReadAllLines(path));
        for (var at = 0; at < lines.Length; at++)
        {
            if (lines[at].TrimStart() is not ['`', '`', '`', .. var info])
                continue;
            var end = Array.FindIndex(lines, at + 1, line => line.Trim() == "```");
            var words = info.Split(' ', 2);
            blocks.Add(new CodeBlock(
                Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'),
                at + 2,
                words[0],
                words.Length > 1 && words[1].StartsWith("title=", StringComparison.Ordinal) ? words[1][6..] : null,
                string.Join('\n', lines[(at + 1)..end])));
            at = end;
        }

        return blocks;
    }

    /// <summary>Each statement of a page's PowerShell, in their order. Scripts that have a title are tested as files, by their own tests.</summary>
    public static IReadOnlyList<DocumentedCommand> Commands(string path) =>
    [
        .. Blocks(path).Where(block => block.Language == "powershell" && block.Title is null).SelectMany(block =>
        {
            var script = Parser.ParseInput(block.Text, out _, out var errors);
            return errors.Length > 0
                ? throw new InvalidDataException($"{block.Page}:{block.Line + errors[0].Extent.StartLineNumber - 1}: {errors[0].Message}")
                : script.EndBlock.Statements.Select(statement => new DocumentedCommand(block.Page, block.Line + statement.Extent.StartLineNumber - 1, statement));
        }),
    ];
}
