using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Reflection;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>Ends a pipeline as Select-Object -First does: with the exception that PowerShell keeps to itself.</summary>
[Cmdlet(VerbsCommon.Select, "FirstObject")]
public sealed class SelectFirstObjectCommand : PSCmdlet
{
    private static readonly ConstructorInfo StopUpstream = typeof(PSCmdlet).Assembly
        .GetType("System.Management.Automation.StopUpstreamCommandsException", throwOnError: true)!
        .GetConstructor([typeof(InternalCommand)])!;

    private int _seen;

    [Parameter(Mandatory = true, Position = 0)]
    public int First { get; set; }

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    protected override void ProcessRecord()
    {
        WriteObject(InputObject);
        if (++_seen == First)
            throw (Exception)StopUpstream.Invoke([this]);
    }
}
