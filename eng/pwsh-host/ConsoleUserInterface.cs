using System.Management.Automation;
using System.Management.Automation.Host;

namespace Nebula.Rotation.PwshHost;

/// <summary>
/// What a script writes. As in pwsh, errors go to standard error; objects, warnings, verbose and debug lines go to standard output.
/// The prompts are in the other half of this class.
/// </summary>
internal sealed partial class ConsoleUserInterface(Terminal terminal, ConsoleInput input) : PSHostUserInterface, IHostUISupportsMultipleChoiceSelection
{
    public override PSHostRawUserInterface RawUI { get; } = new ConsoleRawUserInterface(input);

    public override bool SupportsVirtualTerminal => terminal.SupportsColour;

    public override void Write(string value) => terminal.WriteOutput(value);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        terminal.WriteOutput(Coloured(foregroundColor, backgroundColor, value));

    public override void WriteLine(string value) => terminal.WriteOutput(value + Environment.NewLine);

    public override void WriteLine(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        terminal.WriteOutput(Coloured(foregroundColor, backgroundColor, value) + Environment.NewLine);

    public override void WriteErrorLine(string value)
    {
        if (!string.IsNullOrEmpty(value))
            terminal.WriteError(value + Environment.NewLine);
    }

    public override void WriteDebugLine(string message) => WriteLabelled(FormatStyle.Debug, "DEBUG", message);

    public override void WriteVerboseLine(string message) => WriteLabelled(FormatStyle.Verbose, "VERBOSE", message);

    public override void WriteWarningLine(string message) => WriteLabelled(FormatStyle.Warning, "WARNING", message);

    public override void WriteProgress(long sourceId, ProgressRecord record) => terminal.WriteProgress(sourceId, record);

    private void WriteLabelled(FormatStyle style, string label, string message) =>
        WriteLine(GetFormatStyleString(style) + $"{label}: {message}" + PSStyle.Instance.Reset);

    private static string Coloured(ConsoleColor foreground, ConsoleColor background, string value)
    {
        // The colours of RawUI stand for "as the terminal has it": painting them would turn a light terminal's lines black.
        var start = foreground == ConsoleRawUserInterface.DefaultForeground ? "" : PSStyle.Instance.Foreground.FromConsoleColor(foreground);
        if (background != ConsoleRawUserInterface.DefaultBackground)
            start += PSStyle.Instance.Background.FromConsoleColor(background);
        return start.Length == 0 ? value : start + value + PSStyle.Instance.Reset;
    }
}
