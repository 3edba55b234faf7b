using System.Management.Automation;
using System.Security;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Gives the connection string of the live login.</summary>
[Cmdlet(VerbsCommon.Get, "NebulaConnectionString", DefaultParameterSetName = ByName, HelpUri = HelpPage.Folder + "Get-NebulaConnectionString.md")]
[OutputType(typeof(SecureString), typeof(string))]
public sealed class GetNebulaConnectionStringCommand : CredentialCmdlet
{
    /// <summary>The form of the connection string.</summary>
    [Parameter]
    public ConnectionStringFormat Format { get; set; }

    /// <summary>Gives a text instead of a SecureString. It holds the password: keep it off the screen, the history and the transcript.</summary>
    [Parameter]
    public SwitchParameter AsPlainText { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in Targets)
        {
            Attempt(target.Name, () =>
            {
                var secret = Ask((service, cancellationToken) =>
                    service.GetConnectionStringAsync(target.Name, target.Scope, Format, cancellationToken));
                WriteObject(AsPlainText ? secret.Reveal() : secret.ToSecureString());
            });
        }
    }
}
