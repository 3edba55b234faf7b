using System.Management.Automation.Language;

namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>A statement of a page.</summary>
internal sealed record DocumentedCommand(string Page, int Line, StatementAst Statement)
{
    private const int Shown = 70;

    public string Text => Statement.Extent.Text;

    /// <summary>Where it stands and how it begins, for the name of a test.</summary>
    public string Name
    {
        get
        {
            var line = string.Join(' ', Text.Split((char[])[' ', '\n', '`'], StringSplitOptions.RemoveEmptyEntries));
            return $"{Page}:{Line} {(line.Length > Shown ? line[..Shown] + "…" : line)}";
        }
    }

    /// <summary>The commands that it calls, at any depth.</summary>
    public IEnumerable<CommandAst> Calls => Statement.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>();
}
