using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Completion;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>
/// Compares everything that two logins of a credential's server have: attributes, settings, memberships, privileges, ownership. Gives nothing when
/// they are equal.
/// </summary>
[Cmdlet(VerbsData.Compare, "NebulaPermission", DefaultParameterSetName = ByName, HelpUri = HelpPage.Folder + "Compare-NebulaPermission.md")]
[OutputType(typeof(PermissionDifference))]
public sealed class CompareNebulaPermissionCommand : CredentialCmdlet
{
    /// <summary>The login that is compared with: what only it has is shown with &lt;=.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LoginNameCompleter))]
    public string ReferenceUsername { get; set; } = "";

    /// <summary>The other login: what only it has is shown with =&gt;. Otherwise the credential's live one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LoginNameCompleter))]
    public string? DifferenceUsername { get; set; }

    /// <summary>The admin login to look with, instead of the stored one.</summary>
    [Parameter]
    [VaultCredential]
    [Credential]
    public PSCredential? AdminCredential { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in Targets)
            Attempt(target.Name, () => Compare(target));
    }

    private void Compare(CredentialTarget target)
    {
        var other = DifferenceUsername ?? Find(target).Username;
        var admin = AdminCredential.ToLogin(nameof(AdminCredential));
        var differences = Ask((service, cancellationToken) =>
            service.CompareAsync(target.Name, target.Scope, ReferenceUsername, other, admin, cancellationToken));
        WriteObject(differences, enumerateCollection: true);
    }
}
