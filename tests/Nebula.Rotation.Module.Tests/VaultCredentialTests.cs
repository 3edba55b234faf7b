using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Logins that are given by the name of a secret; a stand-in for SecretManagement, with its module's and its cmdlets' names and parameters.</summary>
public sealed class VaultCredentialTests
{
    private const string Canary = "C@nary /pa'ss\"wörd%&+ 42";

    private const string SecretManagement = """
        $global:secrets = $secrets
        New-Module -Name Microsoft.PowerShell.SecretManagement -ScriptBlock {
            function Get-Secret {
                [CmdletBinding()]
                param([string] $Name, [string] $Vault)
                if ($Name -eq 'broken') {
                    $cause = [Exception]::new("The vault is locked.")
                    $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new([Exception]::new("Unable to get secret $Name", $cause), 'GetSecretInvalidOperation', 'InvalidOperation', $null))
                    return
                }
                $key = $Vault ? "$Vault/$Name" : @($global:secrets.Keys | Where-Object { $_.Split('/', 2)[1] -eq $Name })[0]
                if (-not $key -or -not $global:secrets.Contains($key)) { throw "The secret $Name was not found." }
                $global:secrets[$key]
            }
            function Get-SecretInfo([string] $Name, [string] $Vault) {
                if ($Name -match 'named') { [Microsoft.PowerShell.SecretManagement.SecretInformation]::new($Name, 'SecureString', 'Prod', @{ Purpose = 'x' }) }
                if ($Name -match 'with') { [Microsoft.PowerShell.SecretManagement.SecretInformation]::new($Name, 'SecureString', 'Prod', @{ Username = 'from_metadata' }) }
            }
            Export-ModuleMember -Function *
        } | Import-Module -Global
        """;

    [Theory]
    [InlineData("'vault:Prod/app'", "app_user")]
    [InlineData("'VAULT:app'", "app_user")]
    [InlineData("'vault:/team/app'", "team_user")]
    [InlineData("'vault:Prod/team/app'", "team_user")]
    [InlineData("vault:Prod/table", "table_user")]
    [InlineData("'vault:with metadata'", "from_metadata")]
    [InlineData("([Microsoft.PowerShell.SecretManagement.SecretInformation]::new('app', 'PSCredential', 'Prod', @{}))", "app_user")]
    public void A_login_is_read_from_the_vault_that_is_named(string given, string username)
    {
        using var scene = WithSecrets();
        var result = scene.Run($"New-NebulaDbCredential shop -DatabaseType Redis -HostName h -Credential {given} -Verbose -Debug").ThrowIfFailed();
        Assert.Equal(username, scene.Service.Added!.Login.Username);
        Assert.Equal(Canary, scene.Service.Added.Login.Password.Reveal());
        Canaries.AssertAbsent(Canary, result, scene.Host);
    }

    [Theory]
    [InlineData("'vault:'", "names no secret")]
    [InlineData("'vault:Prod/'", "names no secret")]
    [InlineData("'vault:Prod/nobody'", "was not found")]
    [InlineData("'vault:Prod/broken'", "'Prod' failed: Unable to get secret broken: The vault is locked.")]
    [InlineData("'vault:Prod/named'", "a password without a user name")]
    [InlineData("'vault:Prod/bytes'", "is no login")]
    [InlineData("'vault:Prod/empty table'", "without Username and Password")]
    public void What_is_no_login_is_refused_before_anything_is_done(string given, string reason)
    {
        using var scene = WithSecrets();
        var result = scene.Run($"Invoke-NebulaRotation orders -Force -AdminCredential {given}");
        var error = Assert.Single(result.Errors);
        Assert.StartsWith("ParameterArgumentTransformationError,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(reason, error.Exception.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
        Canaries.AssertAbsent(Canary, result, scene.Host);
    }

    [Fact]
    public void Without_SecretManagement_the_error_says_what_to_install()
    {
        using var scene = new Scene();
        var error = Assert.Single(scene.Run("Invoke-NebulaRotation orders -Force -AdminCredential vault:Prod/app").Errors);
        Assert.Contains("'app' in the vault 'Prod' cannot be read: Microsoft.PowerShell.SecretManagement is not installed", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("Install-PSResource", error.Exception.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
    }

    [Fact]
    public void A_text_is_read_where_a_secure_string_is_wanted()
    {
        using var scene = WithSecrets();
        var result = scene.Run("Update-NebulaStoreKey -NewKey vault:Prod/named -Force").ThrowIfFailed();
        Assert.Equal(Canary, Assert.Single(scene.Service.KeyRequests).NewKey!.Reveal());
        Canaries.AssertAbsent(Canary, result, scene.Host);
        Assert.Contains("is no text", Assert.Single(scene.Run("Update-NebulaStoreKey -NewKey vault:Prod/app -Force").Errors).Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_name_alone_is_still_asked_about()
    {
        using var scene = WithSecrets();
        // The test's host answers no prompt: that it was asked is what counts.
        var error = Assert.Single(scene.Run("Invoke-NebulaRotation orders -Force -AdminCredential postgres").Errors);
        Assert.Contains("Nobody is here.", error.Exception.ToString(), StringComparison.Ordinal);
    }

    private static Scene WithSecrets()
    {
        var scene = new Scene();
        var password = Logins.Make("x", Canary).Password;
        scene.Run(
            "param($secrets)\n" + SecretManagement,
            new Dictionary<string, object>
            {
                ["secrets"] = new System.Collections.Hashtable
                {
                    ["Prod/app"] = Logins.Make("app_user", Canary),
                    ["Prod/team/app"] = Logins.Make("team_user", Canary),
                    ["Prod/table"] = new System.Collections.Hashtable { ["UserName"] = "table_user", ["password"] = Canary },
                    ["Prod/empty table"] = new System.Collections.Hashtable { ["password"] = Canary },
                    ["Prod/named"] = password,
                    ["Prod/with metadata"] = password,
                    ["Prod/bytes"] = new byte[] { 1, 2, 3 },
                },
            }).ThrowIfFailed();
        return scene;
    }
}
