using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// The end of one credential of several: an error record, and the user's script about it, where it failed. Also after a stop, when only the host hears.
/// </summary>
/// <param name="result">What the script is given; holds no secret.</param>
/// <param name="exception">What it failed with, or null.</param>
/// <param name="script">The -OnFailure script, or null.</param>
internal sealed class EndItem(FleetResult result, Exception? exception, ScriptBlock? script) : PipelineItem
{
    private readonly TaskCompletionSource<bool> _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it was said: true where the pipeline took it, false where it wants no more.</summary>
    public Task<bool> Heard => _heard.Task;

    public override void Deliver(PSCmdlet cmdlet, HostVoice voice)
    {
        var taken = false;
        try
        {
            // First the script: -ErrorAction Stop ends the pipeline with the record.
            foreach (var problem in RunScript())
                cmdlet.WriteWarning(problem);
            if (exception is not null)
                cmdlet.WriteError(exception.ToErrorRecord(result.Credential));
            else if (result is { Outcome: FleetOutcome.Skipped, ErrorCode: not null })
                // Another runner's work, or on hold since: nothing that anybody has to do.
                cmdlet.WriteVerbose($"{result.Credential}: {result.Message}");
            else if (result.Outcome == FleetOutcome.Skipped)
                cmdlet.WriteWarning($"{result.Credential}: {result.Message}");
            taken = true;
        }
        finally
        {
            _heard.TrySetResult(taken);
        }
    }

    public override void AfterStop(HostVoice voice)
    {
        if (exception is not null && result.Outcome != FleetOutcome.Stopped)
        {
            voice.Say(ErrorRecords.Describe(exception));
            foreach (var problem in RunScript())
                voice.Say(problem);
        }
        else if (exception is not null && voice.Said == 0)
        {
            // "Stopped" is the answer that was asked for. It is news only when nothing else was said.
            voice.Say(ErrorRecords.Describe(exception));
        }

        _heard.TrySetResult(false);
    }

    public override void Abandoned(HostVoice voice)
    {
        if (exception is not null)
            voice.Say(ErrorRecords.Describe(exception));
        _heard.TrySetResult(false);
    }

    private IReadOnlyList<string> RunScript()
    {
        if (script is null || result.Outcome != FleetOutcome.Failed)
            return [];
        var said = SessionScript.Run(
            "The -OnFailure script",
            "param($Script, $Failure)",
            "& $Script $Failure *>&1",
            new Dictionary<string, object> { ["Script"] = script, ["Failure"] = result },
            new SecretMask(),
            CancellationToken.None);
        return said.Failure is null ? said.Warnings : [.. said.Warnings, said.Failure.Message];
    }
}
