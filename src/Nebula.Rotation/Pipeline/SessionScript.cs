using System.Collections;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// Runs a script in a nested pipeline of the user's own session, so that it has its functions, modules and variables, and so that it can still run when the
/// outer pipeline has been stopped: a publication that was made must be taken back then.
/// </summary>
internal static class SessionScript
{
    // Stop: a consumer that an error kept from adopting the login has not adopted it.
    private const string Preferences = """
        $ErrorActionPreference = 'Stop'
        $PSNativeCommandUseErrorActionPreference = $true

        """;

    /// <summary>Runs a script on this thread, which must be the pipeline's. Never throws.</summary>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="parameters">Its param block, a line.</param>
    /// <param name="body">The rest. The streams are to be merged, as those of a nested pipeline would go to the host as they are.</param>
    /// <param name="arguments">Bound to the param block by name.</param>
    /// <param name="mask">Applied to all that it says.</param>
    /// <param name="cancellationToken">Ends the script alone.</param>
    public static PublishScriptResult Run(string name, string parameters, string body, IDictionary arguments, SecretMask mask, CancellationToken cancellationToken)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddScript($"{parameters}\n{Preferences}{body}", useLocalScope: true).AddParameters(arguments);
        using var stop = cancellationToken.Register(() => shell.BeginStop(null, null));
        // A collection of ours: what was said before a failure is heard too.
        var said = new PSDataCollection<PSObject>();
        Exception? failure = null;
        try
        {
            shell.Invoke(null, said);
            // A script that is stopped does not always throw.
            if (shell.InvocationStateInfo.State != PSInvocationState.Completed)
                failure = Failed(name, "it was stopped.", mask);
        }
#pragma warning disable CA1031 // Whatever a user's script throws is the workflow's to judge: it fails the Publish stage.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = Failed(name, Reason(e), mask);
        }

        ForgetErrors(mask);
        var records = said.Select(item => item?.BaseObject).ToList();
        // An error that the script let pass, or that the preferences of its own module kept from stopping it.
        if (failure is null && records.OfType<ErrorRecord>().FirstOrDefault() is { } error)
            failure = Failed(name, Reason(error), mask);
        return new PublishScriptResult
        {
            Failure = failure,
            Output = [.. records.Where(record => record is not (ErrorRecord or InformationalRecord or InformationRecord))],
            Verbose = [.. records.OfType<VerboseRecord>().Select(record => mask.Apply(record.Message))],
            Warnings = [.. records.OfType<WarningRecord>().Select(record => mask.Apply(record.Message))],
            Information = [.. records.OfType<InformationRecord>().Select(record => (mask.Apply($"{record.MessageData}"), record.Tags.ToArray()))],
        };
    }

    // The session keeps every error in $Error, with the words of the script's own exception.
    private static void ForgetErrors(SecretMask mask)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddScript(", $global:Error");
        foreach (var errors in shell.Invoke().Select(item => item.BaseObject).OfType<ArrayList>())
        {
            for (var index = errors.Count - 1; index >= 0; index--)
            {
                if (mask.Hides($"{errors[index]}") || mask.Hides($"{(errors[index] as ErrorRecord)?.Exception}"))
                    errors.RemoveAt(index);
            }
        }
    }

    // What the preference made final, and not that it did.
    private static string Reason(Exception exception) =>
        exception is ActionPreferenceStopException { ErrorRecord: { } record } ? Reason(record) : exception.Message;

    // With the causes that it keeps to itself: SecretManagement says that a vault failed, and what the vault said is inside.
    private static string Reason(ErrorRecord error)
    {
        var reason = error.ToString();
        for (var cause = error.Exception?.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (!reason.Contains(cause.Message, StringComparison.Ordinal))
                reason = $"{reason.TrimEnd().TrimEnd('.')}: {cause.Message}";
        }

        return reason;
    }

    // A new exception, without the script's own inside: that one may hold the password the script was given.
    private static InvalidOperationException Failed(string name, string message, SecretMask mask) => new($"{name} failed: {mask.Apply(message)}");
}
