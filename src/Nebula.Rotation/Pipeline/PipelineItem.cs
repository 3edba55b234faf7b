using System.Management.Automation;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>Something that running work wants done on the pipeline thread.</summary>
internal abstract class PipelineItem
{
    /// <summary>While the pipeline runs. What it throws ends the pipeline; the item itself is not offered again.</summary>
    public abstract void Deliver(PSCmdlet cmdlet, HostVoice voice);

    /// <summary>After a stop, when nothing can be written any more. Never throws. By default there is nothing left to do.</summary>
    public virtual void AfterStop(HostVoice voice)
    {
    }

    /// <summary>When no pipeline thread will come any more: the work outlived the wait for it.</summary>
    public virtual void Abandoned(HostVoice voice) => AfterStop(voice);
}

/// <summary>A write to a stream; after a stop there is nobody to read it.</summary>
internal sealed class WriteItem(Action<PSCmdlet> write) : PipelineItem
{
    public override void Deliver(PSCmdlet cmdlet, HostVoice voice) => write(cmdlet);
}

/// <summary>What must be said even after the pipeline has been stopped.</summary>
internal sealed class ImportantItem(string message) : PipelineItem
{
    public override void Deliver(PSCmdlet cmdlet, HostVoice voice)
    {
        try
        {
            cmdlet.WriteWarning(message);
        }
        catch
        {
            // The pipeline has been stopped meanwhile, or -WarningAction Stop stops it here.
            AfterStop(voice);
            throw;
        }
    }

    public override void AfterStop(HostVoice voice) => voice.Say(message);
}
