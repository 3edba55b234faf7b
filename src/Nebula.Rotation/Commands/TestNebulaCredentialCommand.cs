using System.Management.Automation;
using Nebula.Rotation.Module.Binding;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Commands;

/// <summary>Logs in as the live login of a credential, on every endpoint.</summary>
[Cmdlet(VerbsDiagnostic.Test, "NebulaCredential", DefaultParameterSetName = ByName, HelpUri = HelpPage.Folder + "Test-NebulaCredential.md")]
[OutputType(typeof(CredentialTestResult), typeof(bool))]
public sealed class TestNebulaCredentialCommand : CredentialPatternCmdlet
{
    /// <summary>Only true or false, one a credential: true when every endpoint took the login.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>How long one endpoint may take to answer: 5s, 1m, a number of seconds, a TimeSpan. Otherwise the credential's -ConnectionTimeout.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(Test);

    private void Test(CredentialTarget target)
    {
        var results = Ask((service, cancellationToken) => service.TestAsync(target.Name, target.Scope, Timeout, cancellationToken));
        if (Quiet)
            WriteObject(results.Count > 0 && results.All(result => result.Succeeded));
        else
            WriteObject(results, enumerateCollection: true);
    }
}
