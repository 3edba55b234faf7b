using System.Management.Automation;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Removes a credential from the store. The login in the database is not touched.</summary>
[Cmdlet(VerbsCommon.Remove, "NebulaDbCredential", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPage.Folder + "Remove-NebulaDbCredential.md")]
[OutputType(typeof(DatabaseCredential))]
public sealed class RemoveNebulaDbCredentialCommand : CredentialCmdlet
{
    /// <summary>Do not ask.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give the credential that was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in Targets)
            Attempt(target.Name, () => Remove(target));
    }

    private void Remove(CredentialTarget target)
    {
        var credential = Find(target);
        var agreed = new Confirmation(this, Force).Ask(
            $"Performing the operation \"Remove\" on target \"{credential.Name}, its password and its history's secrets\".",
            $"Remove '{credential.Name}' from the store? The password of the login '{credential.Username}' is then known nowhere else; the login itself stays in the database.",
            credential.Name);
        if (!agreed)
            return;
        Ask((service, cancellationToken) => service.RemoveAsync(target.Name, target.Scope, cancellationToken));
        if (PassThru)
            WriteObject(credential);
    }
}
