using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;

namespace Nebula.Rotation.Module.Tests.Hosting;

/// <summary>
/// A runspace with the staged module imported, as a user has it. One process has the module's assemblies once: what a test
/// does to static state stays for the next one.
/// </summary>
internal sealed class ModuleHost : IDisposable
{
    private readonly Runspace _runspace;
    private readonly Lock _gate = new();
    private PowerShell? _running;
    private bool _stopped;

    /// <param name="host">What the script sees as $Host, to answer or refuse prompts; without one, prompts fail.</param>
    /// <param name="import">False to start without the module.</param>
    public ModuleHost(PSHost? host = null, bool import = true)
    {
        // CreateDefault2: PowerShell.Create() and CreateDefault want modules that the package does not have.
        var state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        _runspace = host is null ? RunspaceFactory.CreateRunspace(state) : RunspaceFactory.CreateRunspace(host, state);
        _runspace.Open();
        if (import)
            Run($"Import-Module '{Repository.Manifest.Replace("'", "''", StringComparison.Ordinal)}'").ThrowIfFailed();
    }

    /// <summary>Runs a script to its end, however it ends.</summary>
    /// <param name="script">Its text. It sees the variables that earlier ones set.</param>
    /// <param name="parameters">Bound to the script's param block by name.</param>
    public RunResult Run(string script, IDictionary? parameters = null)
    {
        using var shell = PowerShell.Create();
        shell.Runspace = _runspace;
        shell.AddScript(script, useLocalScope: false);
        if (parameters is not null)
            shell.AddParameters(parameters);

        lock (_gate)
        {
            if (_stopped)
                throw new PipelineStoppedException("The host was stopped before the script started.");
            _running = shell;
        }

        var output = new PSDataCollection<PSObject>();
        Exception? terminating = null;
        try
        {
            // A collection of ours, as Invoke() throws away the output of a script that fails half-way.
            shell.Invoke<PSObject, PSObject>(null, output, null);
            // A stopped script does not always throw; its state tells.
            if (shell.InvocationStateInfo is { State: PSInvocationState.Stopped } state)
                terminating = state.Reason ?? new PipelineStoppedException();
        }
        catch (RuntimeException e)
        {
            terminating = e;
        }
        finally
        {
            lock (_gate)
                _running = null;
        }

        return new RunResult(output, shell.Streams, terminating);
    }

    /// <summary>
    /// Ctrl+C, from another thread: stops what runs now and returns at once; the run then ends with a <see cref="PipelineStoppedException"/>.
    /// When nothing runs yet, the next run is refused, so a test need not guess which of the two comes first.
    /// </summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            // Not Stop(): it waits for a result that Invoke on the other thread may have taken away already.
            _running?.BeginStop(null, null);
        }
    }

    public void Dispose() => _runspace.Dispose();
}
