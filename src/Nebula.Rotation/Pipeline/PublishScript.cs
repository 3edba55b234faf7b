using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// The user's -Publish script. It runs in a nested pipeline of the user's own session, so that it has its functions and variables, and so
/// that it can still run when the outer pipeline has been stopped: a publication that was made must be taken back then.
/// </summary>
internal sealed class PublishScript(ScriptBlock script)
{
    // Stop: a consumer that an error kept from adopting the login has not adopted it. Output is not part of the answer and is dropped, as it
    // would mix with the stage results.
    private const string Call = """
        param($Script, $Context)
        $ErrorActionPreference = 'Stop'
        $PSNativeCommandUseErrorActionPreference = $true
        $null = & $Script $Context
        """;

    /// <summary>Runs the script on this thread, which must be the pipeline's. Never throws.</summary>
    public PublishScriptResult Run(PublishContext context, CancellationToken cancellationToken)
    {
        var mask = new SecretMask(context.Login.Password);
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddScript(Call, useLocalScope: true).AddParameter("Script", script).AddParameter("Context", context);
        // What the engine's token ends is the script alone.
        using var stop = cancellationToken.Register(() => shell.BeginStop(null, null));
        Exception? failure = null;
        try
        {
            shell.Invoke();
            // An error that the script let pass, or that preferences of its own module kept from stopping it.
            failure = shell.Streams.Error.FirstOrDefault() is { } error ? Failed(error.ToString(), mask) : null;
        }
#pragma warning disable CA1031 // Whatever a user's script throws is the workflow's to judge: it fails the Publish stage.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = Failed(e.Message, mask);
        }

        return new PublishScriptResult
        {
            Failure = failure,
            Verbose = [.. shell.Streams.Verbose.Select(r => mask.Apply(r.Message))],
            Warnings = [.. shell.Streams.Warning.Select(r => mask.Apply(r.Message))],
            Information = [.. shell.Streams.Information.Select(r => (mask.Apply($"{r.MessageData}"), r.Tags.ToArray()))],
        };
    }

    // A new exception, without the script's own inside: that one may hold the password the script was given.
    private static InvalidOperationException Failed(string message, SecretMask mask) =>
        new($"The -Publish script failed: {mask.Apply(message)}");
}
