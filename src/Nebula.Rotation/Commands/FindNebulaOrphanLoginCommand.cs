using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Lists logins on a credential's server that a rotation made and nothing needs any more; with -Remove, drops those that are proved to be this credential's.
/// </summary>
[Cmdlet(VerbsCommon.Find, "NebulaOrphanLogin", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Find-NebulaOrphanLogin.md")]
[OutputType(typeof(OrphanLogin))]
public sealed class FindNebulaOrphanLoginCommand : CredentialPatternCmdlet
{
    /// <summary>The admin login to look with, instead of the stored one.</summary>
    [Parameter]
    [VaultCredential]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <summary>Drops each login that is proved to be ours; what it owns goes to the live login first. One that has sessions stays.</summary>
    [Parameter]
    public SwitchParameter Remove { get; set; }

    /// <summary>Do not ask.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(Look);

    private void Look(CredentialTarget target)
    {
        var admin = AdminCredential.ToLogin(nameof(AdminCredential));
        var orphans = Ask((service, cancellationToken) => service.FindOrphansAsync(target.Name, target.Scope, admin, cancellationToken));
        foreach (var orphan in orphans)
        {
            WriteObject(orphan);
            if (Remove && orphan.IsOurs)
                Attempt(target.Name, () => Drop(target, orphan, admin));
        }
    }

    private void Drop(CredentialTarget target, OrphanLogin orphan, Login? admin)
    {
        var agreed = new Confirmation(this, Force).Ask(
            $"Performing the operation \"Drop\" on target \"login {orphan.Username} of {orphan.Credential}\".",
            $"Drop the login '{orphan.Username}' that a rotation of '{orphan.Credential}' left? {orphan.Reason}",
            orphan.Credential);
        if (agreed)
            Ask((service, cancellationToken) => service.RemoveOrphanAsync(target.Name, target.Scope, orphan.Username, admin, cancellationToken));
    }
}
