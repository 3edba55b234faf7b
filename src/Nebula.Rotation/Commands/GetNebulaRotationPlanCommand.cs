using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Shows what a rotation would do now: the statements with their passwords masked, the facts they come from, what stands in the way.</summary>
[Cmdlet(VerbsCommon.Get, "NebulaRotationPlan", DefaultParameterSetName = ByName, HelpUri = HelpPage.Folder + "Get-NebulaRotationPlan.md")]
[OutputType(typeof(RotationPlan))]
public sealed class GetNebulaRotationPlanCommand : CredentialPatternCmdlet
{
    /// <summary>The admin login to look with, instead of the stored one.</summary>
    [Parameter]
    [VaultCredential]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <summary>The strategy to plan for; otherwise the credential's.</summary>
    [Parameter]
    public RotationStrategy? Strategy { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(Plan);

    private void Plan(CredentialTarget target)
    {
        var request = new RotationRequest
        {
            Name = target.Name,
            Scope = target.Scope,
            Admin = AdminCredential.ToLogin(nameof(AdminCredential)),
            Strategy = Strategy,
        };
        WriteObject(Ask((service, cancellationToken) => service.PlanAsync(request, cancellationToken)));
    }
}
