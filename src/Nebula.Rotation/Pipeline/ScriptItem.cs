using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>A call of the user's script. Its failure belongs to the work that asked for it, not to the pipeline.</summary>
internal sealed class ScriptItem(ISessionPublication script, PublishContext context, CancellationToken cancellationToken) : PipelineItem
{
    // Asynchronous continuations: otherwise the workflow would go on inside the pipeline thread.
    private readonly TaskCompletionSource<string?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<string?> Completion => _completion.Task;

    public override void Deliver(PSCmdlet cmdlet, HostVoice voice)
    {
        var said = Run();
        foreach (var message in said.Verbose)
            cmdlet.WriteVerbose(message);
        foreach (var (message, tags) in said.Information)
            cmdlet.WriteInformation(message, tags);
        foreach (var message in said.Warnings)
            cmdlet.WriteWarning(message);
    }

    public override void AfterStop(HostVoice voice)
    {
        foreach (var message in Run().Warnings)
            voice.Say(message);
    }

    public override void Abandoned(HostVoice voice) =>
        _completion.TrySetException(new InvalidOperationException("The pipeline that could publish has ended."));

    // The work has its answer before anything is written: should a write throw, nobody waits for it in vain.
    private PublishScriptResult Run()
    {
        if (cancellationToken.IsCancellationRequested)
        {
            _completion.TrySetCanceled(cancellationToken);
            return PublishScriptResult.NotRun;
        }

        var result = script.Run(context, cancellationToken);
        if (result.Failure is null)
            _completion.TrySetResult(result.Found);
        else
            _completion.TrySetException(result.Failure);
        return result;
    }
}
