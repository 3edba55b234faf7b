using System.Management.Automation;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Follows the audit trail from its first entry to its last: whether any was edited, removed, re-ordered, added or cut off.</summary>
[Cmdlet(VerbsDiagnostic.Test, "NebulaAuditTrail", HelpUri = HelpPage.Folder + "Test-NebulaAuditTrail.md")]
[OutputType(typeof(AuditTrailResult), typeof(bool))]
public sealed class TestNebulaAuditTrailCommand : StoreCmdlet
{
    /// <summary>
    /// The Head of an earlier result, kept where the store's owner cannot change it: then a trail that was replaced by an older copy of itself is found, too.
    /// </summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Head { get; set; }

    /// <summary>Only true or false.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Attempt("audit trail", () =>
    {
        var result = Ask((service, cancellationToken) => service.TestAuditAsync(Head, cancellationToken));
        if (Quiet)
            WriteObject(result.IsIntact);
        else
            WriteObject(result);
    });
}
