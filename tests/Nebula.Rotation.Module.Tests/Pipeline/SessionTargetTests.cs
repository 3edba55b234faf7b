using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>Targets that run in the user's session: a script file, and a vault (a stand-in for SecretManagement, with its cmdlets' names and parameters).</summary>
public sealed class SessionTargetTests : IDisposable
{
    private const string Canary = "Canary pa$$/w+rd\"é";

    private const string Vault = """
        $global:vault = [ordered]@{}; $global:calls = [Collections.Generic.List[string]]::new()
        function global:Get-SecretInfo([string] $Name, [string] $Vault) { if ($global:vault.Contains($Name)) { [pscustomobject]@{ Name = $Name } } }
        function global:Get-Secret([string] $Name, [string] $Vault) { if (-not $global:vault.Contains($Name)) { throw "no $Name" }; $global:vault[$Name] }
        function global:Set-Secret([string] $Name, [object] $Secret, [string] $Vault, [hashtable] $Metadata) {
            $global:vault[$Name] = $Secret
            $global:calls.Add("$Vault/$Name $($Secret.GetType().Name) $($Metadata.Username) $($Metadata.Version)")
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("nebula-session-").FullName;

    [Fact]
    public void A_script_file_is_run_with_the_action_and_the_login()
    {
        using var scene = With(ScriptFile("$p.See(\"$Action $($Publication.Login.Username) $($Publication.Login.Password.Reveal()) $($Publication.PreviousUsername)\")"));
        var seen = new Probe();
        var result = scene.Run("param($p) Invoke-NebulaRotation orders -Force", seen.AsParameter()).ThrowIfFailed();
        Assert.Equal([$"Publish new_user {Canary} orders_old"], seen.Seen);
        Assert.All(result.Output, o => Assert.IsType<StageResult>(o.BaseObject));
        Canaries.AssertAbsent(Canary, result, scene.Host);
    }

    [Theory]
    [InlineData("throw \"no: $($Publication.Login.Password.Reveal())\"")]
    [InlineData("exit 3")]
    [InlineData("Get-Command nothing-of-this-name-exists")]
    public void A_script_file_that_fails_is_run_again_as_a_rollback(string statement)
    {
        using var scene = With(ScriptFile($"$p.See($Action); if ($Action -eq 'Publish') {{ {statement} }}"));
        var seen = new Probe();
        var result = scene.Run("param($p) Invoke-NebulaRotation orders -Force", seen.AsParameter());
        Assert.Equal(["Publish", "Rollback"], seen.Seen);
        var message = Assert.Single(result.Errors).Exception.Message;
        Assert.Contains("publish.ps1' failed:", message, StringComparison.Ordinal);
        Assert.DoesNotContain("preference variable", message, StringComparison.Ordinal);
        Assert.Empty(scene.Service.ScriptOf("orders").PublishFailures);
        Canaries.AssertAbsent(Canary, result, scene.Host);
    }

    [Fact]
    public async Task After_Ctrl_C_the_script_file_still_takes_the_publication_back()
    {
        using var scene = With(ScriptFile("$p.See($Action)"));
        scene.Service.ScriptOf("orders").HoldAt = RotationStage.Publish;
        var seen = new Probe();
        var run = scene.Start("param($p) Invoke-NebulaRotation orders -Force", seen.AsParameter());
        await seen.Saw(1);
        scene.Stop();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(["Publish", "Rollback"], seen.Seen);
    }

    [Fact]
    public void A_vault_is_given_a_credential_and_a_text_with_metadata()
    {
        using var scene = With(Secrets(("orders", PublishFormat.Credential), ("orders[url]", PublishFormat.Uri)));
        var result = scene.Run($"{Vault}\nInvoke-NebulaRotation orders -Force").ThrowIfFailed();
        Canaries.AssertAbsent(Canary, result, scene.Host);
        var held = scene.Run("$calls; $vault['orders'].UserName; $vault['orders'].GetNetworkCredential().Password; [Net.NetworkCredential]::new('', $vault['orders[url]']).Password").ThrowIfFailed();
        Assert.Equal(
            ["Prod/orders PSCredential new_user 1", "Prod/orders[url] SecureString new_user 1", "new_user", Canary, $"db://new_user:{Canary}@h"],
            held.Output.Select(item => item.ToString()));
    }

    [Fact]
    public void A_vault_gets_the_old_login_back_and_what_somebody_changed_is_left()
    {
        using var scene = With(Secrets(("orders", PublishFormat.Credential), ("url", PublishFormat.Uri), ("gone", PublishFormat.Uri)));
        scene.Service.ScriptOf("orders").FailAt = RotationStage.Publish;
        var result = scene.Run($$"""
            {{Vault}}
            $old = ${function:global:Set-Secret}
            function global:Set-Secret([string] $Name, [object] $Secret, [string] $Vault, [hashtable] $Metadata) {
                & $old -Name $Name -Secret $Secret -Vault $Vault -Metadata $Metadata
                if ($Name -eq 'url' -and $Metadata.Username -eq 'new_user') { $global:vault['url'] = 'somebody else' }
                if ($Name -eq 'gone') { $global:vault.Remove('gone') }
            }
            Invoke-NebulaRotation orders -Force
            """);
        Assert.Single(result.Errors);
        Assert.Contains("'url' meanwhile; left as it is", scene.Service.ScriptOf("orders").Found, StringComparison.Ordinal);
        var held = scene.Run("$vault['orders'].UserName; $vault['url']; $vault.Count").ThrowIfFailed();
        Assert.Equal(["orders_old", "somebody else", "2"], held.Output.Select(item => item.ToString()));
    }

    [Fact]
    public void Without_SecretManagement_the_publication_fails_and_says_what_is_missing()
    {
        using var scene = With(Secrets(("orders", PublishFormat.Credential)));
        var result = scene.Run("Invoke-NebulaRotation orders -Force");
        Assert.Contains("Set-Secret", Assert.Single(result.Errors).Exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static PublishTarget Secrets(params (string Name, PublishFormat Format)[] entries) => new()
    {
        Kind = PublishTargetKind.SecretVault,
        Entries = entries.ToDictionary(entry => entry.Name, entry => entry.Format),
        Options = new Dictionary<string, string> { ["Vault"] = "Prod" },
    };

    private static Scene With(PublishTarget target)
    {
        var scene = new Scene();
        var script = scene.Service.ScriptOf("orders");
        script.Password = new Secret(Canary);
        script.Target = target;
        return scene;
    }

    private PublishTarget ScriptFile(string body)
    {
        var path = Path.Combine(_folder, "publish.ps1");
        File.WriteAllText(path, $"[CmdletBinding()] param([string] $Action, $Publication)\n{body}\n");
        return new() { Kind = PublishTargetKind.ScriptFile, Path = path };
    }
}
