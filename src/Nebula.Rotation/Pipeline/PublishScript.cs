using System.Collections;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// The user's -Publish script. It runs in a nested pipeline of the user's own session, so that it has its functions and variables, and so
/// that it can still run when the outer pipeline has been stopped: a publication that was made must be taken back then.
/// </summary>
internal sealed class PublishScript(ScriptBlock script)
{
    // Stop: a consumer that an error kept from adopting the login has not adopted it. The streams are merged to be read here, as those of a
    // nested pipeline would go to the host as they are.
    private const string Call = """
        param($Script, $Context)
        $ErrorActionPreference = 'Stop'
        $PSNativeCommandUseErrorActionPreference = $true
        & $Script $Context *>&1
        """;

    /// <summary>Runs the script on this thread, which must be the pipeline's. Never throws.</summary>
    public PublishScriptResult Run(PublishContext context, CancellationToken cancellationToken)
    {
        var mask = new SecretMask(context.Login.Password);
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddScript(Call, useLocalScope: true).AddParameter("Script", script).AddParameter("Context", context);
        // What the engine's token ends is the script alone.
        using var stop = cancellationToken.Register(() => shell.BeginStop(null, null));
        // A collection of ours: what was said before a failure is heard too.
        var said = new PSDataCollection<PSObject>();
        Exception? failure = null;
        try
        {
            shell.Invoke(null, said);
            // A script that is stopped does not always throw.
            if (shell.InvocationStateInfo.State != PSInvocationState.Completed)
                failure = Failed("it was stopped.", mask);
        }
#pragma warning disable CA1031 // Whatever a user's script throws is the workflow's to judge: it fails the Publish stage.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = Failed(e.Message, mask);
        }

        ForgetErrors(mask);
        var records = said.Select(item => item?.BaseObject).ToList();
        // An error that the script let pass, or that the preferences of its own module kept from stopping it.
        if (failure is null && records.OfType<ErrorRecord>().FirstOrDefault() is { } error)
            failure = Failed(error.ToString(), mask);
        // Plain output is not part of the answer: among the stage results it would be a surprise.
        return new PublishScriptResult
        {
            Failure = failure,
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

    // A new exception, without the script's own inside: that one may hold the password the script was given.
    private static InvalidOperationException Failed(string message, SecretMask mask) =>
        new($"The -Publish script failed: {mask.Apply(message)}");
}
