using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Nebula.Rotation.PwshHost;

/// <summary>
/// Runs a script or a command text in one runspace and finds the exit code, step for step as ConsoleHost of pwsh does: the pipeline's
/// errors are merged into its output, Out-Default renders both, and the host decides from SetShouldExit, an exception or $?.
/// </summary>
internal sealed class ScriptRunner : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly ConsoleScriptHost _host;
    private readonly Runspace _runspace;
    private Pipeline? _running;

    public ScriptRunner(bool nonInteractive)
    {
        _host = new ConsoleScriptHost(nonInteractive, _stop.Token);
        // CreateDefault2, as the package lacks the modules that CreateDefault would load.
        _runspace = RunspaceFactory.CreateRunspace(_host, InitialSessionState.CreateDefault2());
        _runspace.ThreadOptions = PSThreadOptions.ReuseThread;
        _runspace.Open();
        Runspace.DefaultRunspace = _runspace;
    }

    /// <summary>Runs to the end and returns the exit code for the process.</summary>
    public int Run(HostArguments arguments)
    {
        using var pipeline = CreatePipeline(arguments);
        var failure = Invoke(pipeline);
        if (failure is not null)
        {
            Report(failure);
            return ExitCodes.Failure;
        }

        return _host.RequestedExitCode ?? (LastCommandSucceeded() ? ExitCodes.Success : ExitCodes.Failure);
    }

    /// <summary>Ctrl+C. Returns at once; the pipeline stops as fast as its commands let it.</summary>
    public void Stop()
    {
        // First the token: a prompt that waits for a key holds the pipeline's thread.
        _stop.Cancel();
        lock (_gate)
            _running?.StopAsync();
    }

    public void Dispose()
    {
        _host.Dispose();
        _runspace.Dispose();
        _stop.Dispose();
    }

    private Pipeline CreatePipeline(HostArguments arguments)
    {
        // Only a pipeline that goes to history leaves $? behind. pwsh does so for -Command, which therefore exits with 1 when its last
        // statement failed, and not for -File, which exits with 0 unless the script threw or called exit.
        if (arguments.Command is not null)
            return _runspace.CreatePipeline(arguments.Command, addToHistory: true);

        var pipeline = _runspace.CreatePipeline();
        // A file of another name is a script too, by its text, as where a #! line starts one.
        var byPath = string.Equals(Path.GetExtension(arguments.File), ".ps1", StringComparison.OrdinalIgnoreCase);
        var script = new Command(byPath ? arguments.File : File.ReadAllText(arguments.File!), isScript: !byPath, useLocalScope: false);
        foreach (var parameter in arguments.Parameters)
            script.Parameters.Add(parameter);
        pipeline.Commands.Add(script);
        EngineInternals.LetExitReachTheHost(_runspace);
        return pipeline;
    }

    private Exception? Invoke(Pipeline pipeline)
    {
        if (pipeline.Commands.Count > 0)
            pipeline.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        pipeline.Commands.Add(new Command("Out-Default", isScript: false, useLocalScope: true)
        {
            MergeUnclaimedPreviousCommandResults = PipelineResultTypes.Error | PipelineResultTypes.Output,
        });

        lock (_gate)
        {
            _running = pipeline;
        }

        try
        {
            pipeline.Invoke();
            return null;
        }
#pragma warning disable CA1031 // Whatever a script throws ends here: it is shown to the user and becomes exit code 1.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
        finally
        {
            lock (_gate)
                _running = null;
            _host.Terminal.EndProgress();
        }
    }

    private void Report(Exception failure)
    {
        var record = failure is IContainsErrorRecord { ErrorRecord: { } contained }
            ? contained
            : new ErrorRecord(failure, "Host.ReportException", ErrorCategory.NotSpecified, null);

        using var pipeline = _runspace.CreatePipeline();
        pipeline.Input.Write(EngineInternals.AsWrittenToErrorStream(record));
        if (Invoke(pipeline) is { } second)
            _host.UI.WriteErrorLine($"{failure.Message}{Environment.NewLine}(It could not be shown in full: {second.Message})");
    }

    private bool LastCommandSucceeded()
    {
        using var pipeline = _runspace.CreatePipeline("$global:?");
        var result = pipeline.Invoke();
        return result.Count == 1 && LanguagePrimitives.IsTrue(result[0]);
    }
}
