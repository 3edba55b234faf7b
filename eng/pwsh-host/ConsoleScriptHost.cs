using System.Globalization;
using System.Management.Automation.Host;

namespace Nebula.Rotation.PwshHost;

/// <summary>The host a script sees as <c>$Host</c>.</summary>
internal sealed class ConsoleScriptHost : PSHost, IDisposable
{
    private readonly ConsoleUserInterface _ui;

    /// <param name="nonInteractive">Refuse every prompt, even at a terminal.</param>
    /// <param name="stop">Ends a prompt that waits for the user.</param>
    public ConsoleScriptHost(bool nonInteractive, CancellationToken stop)
    {
        Terminal = new Terminal();
        _ui = new ConsoleUserInterface(Terminal, new ConsoleInput(nonInteractive, stop));
    }

    public Terminal Terminal { get; }

    /// <summary>What <c>exit</c> asked for; null when the script ran to its end.</summary>
    public int? RequestedExitCode { get; private set; }

    public override string Name => "Nebula.Rotation script host";

    public override Version Version { get; } = typeof(ConsoleScriptHost).Assembly.GetName().Version ?? new Version(0, 0);

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => _ui;

    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode) => RequestedExitCode = exitCode;

    public override void EnterNestedPrompt() => throw NoNestedPrompt();

    public override void ExitNestedPrompt() => throw NoNestedPrompt();

    // A native command inherits the console as it is; a progress line would end up in the middle of its output.
    public override void NotifyBeginApplication() => Terminal.EndProgress();

    public override void NotifyEndApplication()
    {
    }

    public void Dispose() => Terminal.EndProgress();

    private static HostException NoNestedPrompt() =>
        new("This host runs scripts; it has no nested prompt. Choose Yes or No, or use pwsh.");
}
