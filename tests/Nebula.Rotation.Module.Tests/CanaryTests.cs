using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>No password reaches a stream, an error or the host.</summary>
public sealed class CanaryTests
{
    private const string Canary = "C@nary /pa'ss\"wörd%&+ 42";

    [Theory]
    [InlineData("New-NebulaDbCredential shop -DatabaseType PostgreSql -HostName h -Database d -Credential $c -AdminCredential $c -Verbose -Debug")]
    [InlineData("New-NebulaDbCredential shop -DatabaseType PostgreSql -HostName h -Credential $c -Verbose")]
    [InlineData("Set-NebulaDbCredential orders -Credential $c -AdminCredential $c -PassThru -Verbose -WhatIf")]
    [InlineData("Set-NebulaDbCredential orders -Credential $c -AdminCredential $c -PassThru -Verbose")]
    [InlineData("Invoke-NebulaRotation orders -AdminCredential $c -Force -Verbose -Debug")]
    [InlineData("Invoke-NebulaRotation nobody -AdminCredential $c -Force -Verbose")]
    [InlineData("Get-NebulaConnectionString orders -Verbose -Debug")]
    [InlineData("Get-NebulaRotationPlan orders -AdminCredential $c -Verbose")]
    public void A_password_reaches_no_stream(string command)
    {
        using var scene = new Scene();
        scene.Service.ConnectionString = new Secret($"Host=h;Password={Canary}");
        scene.Service.Plan = Plans.Example("orders");
        var result = scene.Run($"param($c) {command}", new Dictionary<string, object> { ["c"] = Logins.Make("app", Canary) });
        Assert.NotEmpty(result.Output.Select(o => o.BaseObject).Concat(result.Errors).Concat(scene.Host.Lines));
        Canaries.AssertAbsent(Canary, result, scene.Host);
    }

    [Theory]
    [InlineData("$t")]
    [InlineData("[pscustomobject]@{ a = @{ b = $t } }")]
    [InlineData("[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($t))")]
    [InlineData("[uri]::EscapeDataString($t)")]
    [InlineData("[Text.Json.JsonEncodedText]::Encode($t).ToString()")]
    [InlineData("throw $t")]
    [InlineData("$Host.UI.WriteWarningLine($t)")]
    [InlineData("& { [CmdletBinding()] param($t) $PSCmdlet.WriteVerbose($t) } $t -Verbose")]
    [InlineData("& { [CmdletBinding()] param($t) $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new([Exception]::new('o', [Exception]::new($t)), 'x', 0, 1)) } $t")]
    [InlineData("& { [CmdletBinding()] param($t) $PSCmdlet.WriteProgress([Management.Automation.ProgressRecord]::new(1, 'a', $t)) } $t")]
    public void The_scanner_finds_a_planted_leak(string leak)
    {
        using var scene = new Scene();
        var result = scene.Run($"param($t) {leak}", new Dictionary<string, object> { ["t"] = Canary });
        Assert.Throws<Xunit.Sdk.EmptyException>(() => Canaries.AssertAbsent(Canary, result, scene.Host));
    }

    [Fact]
    public void The_password_that_is_given_arrives_whole()
    {
        using var scene = new Scene();
        var login = Logins.Make("DOMAIN\\app", Canary);
        scene.Run(
            "param($c) New-NebulaDbCredential shop -DatabaseType PostgreSql -HostName h -Database d -Credential $c -AdminCredential $c",
            new Dictionary<string, object> { ["c"] = login }).ThrowIfFailed();
        Assert.Equal("DOMAIN\\app", scene.Service.Added!.Login.Username);
        Assert.Equal(Canary, scene.Service.Added.Login.Password.Reveal());
        Assert.Equal(Canary, scene.Service.Added.Admin!.Password.Reveal());
    }

    [Fact]
    public void A_connection_string_is_a_secure_string_unless_plain_text_is_asked_for()
    {
        using var scene = new Scene();
        scene.Service.ConnectionString = new Secret(Canary);
        var result = scene.Run("Get-NebulaConnectionString orders -Format AdoNet; Get-NebulaConnectionString orders -AsPlainText").ThrowIfFailed();
        var secure = Assert.IsType<System.Security.SecureString>(result.Output[0].BaseObject);
        Assert.Equal(Canary, new PSCredential("x", secure).GetNetworkCredential().Password);
        Assert.Equal(Canary, result.Output[1].BaseObject);
        Assert.Equal(["ConnectionString AdoNet orders", "ConnectionString Uri orders"], scene.Service.Calls);
    }
}
