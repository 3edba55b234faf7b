using System.Management.Automation;
using System.Management.Automation.Host;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.PwshHost;

/// <summary>Standard output and error: who is a terminal, what may be coloured, and one lock for text and progress.</summary>
internal sealed partial class Terminal
{
    private readonly Lock _gate = new();
    private readonly ProgressLine _progress;
    private readonly bool _colourAllowed;

    public Terminal()
    {
        var term = Environment.GetEnvironmentVariable("TERM");
        var capable = !string.Equals(term, "dumb", StringComparison.Ordinal);
        // https://no-color.org: set and not empty. pwsh takes the empty one for set too; so do we.
        _colourAllowed = capable && Environment.GetEnvironmentVariable("NO_COLOR") is null;
        if (!_colourAllowed)
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;
        _progress = new ProgressLine(capable && !Console.IsErrorRedirected, () => Width);
    }

    /// <summary>Whether escape sequences may be sent at all (a redirected stream still gets none).</summary>
    public bool SupportsColour => _colourAllowed;

    /// <summary>Characters in a line. Redirected output has no width of its own: 120 as pwsh without a terminal, unless COLUMNS says.</summary>
    public static int Width
    {
        get
        {
            if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out var columns) && columns > 0)
                return columns;
            return Console.IsOutputRedirected || Console.WindowWidth <= 0 ? 120 : Console.WindowWidth;
        }
    }

    public void WriteOutput(string text) => Write(Console.Out, text, Console.IsOutputRedirected);

    public void WriteError(string text) => Write(Console.Error, text, Console.IsErrorRedirected);

    /// <summary>Shows or ends a progress record; nothing unless standard error is a terminal.</summary>
    public void WriteProgress(long source, ProgressRecord record)
    {
        lock (_gate)
            _progress.Update(source, record);
    }

    public void EndProgress()
    {
        lock (_gate)
            _progress.End();
    }

    private void Write(TextWriter writer, string text, bool redirected)
    {
        if (text.Length == 0)
            return;
        var plain = redirected || !_colourAllowed;
        lock (_gate)
        {
            _progress.Hide();
            writer.Write(plain ? EscapeSequence().Replace(text, "") : text);
            // Only after a full line: in the middle of one the progress would be written over it.
            if (text.EndsWith('\n'))
                _progress.Show();
        }
    }

    // ECMA-48 control sequences (colours, cursor) and operating system commands (links, titles), as PSStyle makes them.
    [GeneratedRegex(@"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)", RegexOptions.CultureInvariant)]
    private static partial Regex EscapeSequence();
}
