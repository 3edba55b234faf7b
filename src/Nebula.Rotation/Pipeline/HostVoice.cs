using System.Management.Automation.Host;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// Speaks past the pipeline. A stopped pipeline takes no more warnings, and the host is the only one left to hear what was undone. A host
/// without a user interface drops it; the journal has it then.
/// </summary>
internal sealed class HostVoice(PSHost host)
{
    private int _said;

    /// <summary>How often something was said.</summary>
    public int Said => Volatile.Read(ref _said);

    public void Say(string message)
    {
        Interlocked.Increment(ref _said);
        Quietly(ui => ui.WriteWarningLine(message));
    }

    /// <summary>For what is good to know and not part of the outcome.</summary>
    public void Mention(string message) => Quietly(ui => ui.WriteLine(message));

    private void Quietly(Action<PSHostUserInterface> speak)
    {
        try
        {
            if (host.UI is { } ui)
                speak(ui);
        }
        catch (Exception e) when (e is HostException or NotImplementedException or NotSupportedException or InvalidOperationException or IOException)
        {
            // A host without a user interface, or one that is closing. To throw here would end the wait for the compensation.
            System.Diagnostics.Trace.TraceWarning("The host could not say a message of Nebula.Rotation: {0}", e.Message);
        }
    }
}
