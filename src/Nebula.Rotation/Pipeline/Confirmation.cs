using System.Management.Automation;
using System.Management.Automation.Host;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// Asks before a command of high impact works. ShouldProcess alone fails softly where nobody can answer: a scheduled task would be green with
/// nothing rotated. "Do not ask" never means more than that: a lease, a blocker or a hold stays what it is.
/// </summary>
internal sealed class Confirmation(PSCmdlet cmdlet, bool force)
{
    private const string Caption = "Confirm";

    /// <summary>True when the command is to say what it would do.</summary>
    public bool IsWhatIf =>
        cmdlet.MyInvocation.BoundParameters.TryGetValue("WhatIf", out var bound)
            ? LanguagePrimitives.IsTrue(bound)
            : LanguagePrimitives.IsTrue(cmdlet.GetVariableValue("WhatIfPreference"));

    /// <summary>Asks, unless told not to.</summary>
    /// <param name="description">What is done, for -WhatIf and -Verbose; may have several lines.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="target">The credential's name, for the error.</param>
    /// <returns>True to go on.</returns>
    public bool Ask(string description, string question, string target)
    {
        if (IsWhatIf || !WouldAsk)
            return IsWhatIf ? cmdlet.ShouldProcess(description, question, Caption) : Told(description);
        if (!HostTakesAnswers(cmdlet.Host))
            cmdlet.ThrowTerminatingError(NobodyAnswers(target, null).ToErrorRecord(target));
        try
        {
            return cmdlet.ShouldProcess(description, question, Caption);
        }
        catch (Exception e) when (e is HostException or InvalidOperationException or NotImplementedException or NotSupportedException)
        {
            cmdlet.ThrowTerminatingError(NobodyAnswers(target, e).ToErrorRecord(target));
            throw;
        }
    }

    // -Confirm on the command line is stronger than -Force, the preference is weaker.
    private bool WouldAsk =>
        cmdlet.MyInvocation.BoundParameters.TryGetValue("Confirm", out var bound)
            ? LanguagePrimitives.IsTrue(bound)
            : !force && Preference is not ConfirmImpact.None and <= ConfirmImpact.High;

    private ConfirmImpact Preference =>
        LanguagePrimitives.TryConvertTo<ConfirmImpact>(cmdlet.GetVariableValue("ConfirmPreference", ConfirmImpact.High), out var preference)
            ? preference
            : ConfirmImpact.High;

    private bool Told(string description)
    {
        cmdlet.WriteVerbose(description);
        return true;
    }

    // pwsh would take the end of a redirected input for the default answer, which is Yes. Other hosts have their own way to the user
    // (an editor's dialog, a remote session), or throw when asked.
    private static bool HostTakesAnswers(PSHost host) =>
        host.UI is not null && !(host.Name == "ConsoleHost" && (Console.IsInputRedirected || !Environment.UserInteractive || IsNonInteractive()));

    // pwsh takes any unambiguous beginning of its parameter's name.
    private static bool IsNonInteractive() => Environment.GetCommandLineArgs().Any(argument =>
        argument.Length >= 5 && argument[0] is '-' or '/' && "noninteractive".StartsWith(argument.TrimStart('-', '/'), StringComparison.OrdinalIgnoreCase));

    private static RotationException NobodyAnswers(string target, Exception? cause) => new(
        RotationErrorCode.ConfirmationRequired,
        $"'{target}' was left as it is: the command asks for confirmation, and in this host nobody can answer.",
        "Run it again with -Force, or with -Confirm:$false.",
        cause);
}
