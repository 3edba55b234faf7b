using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>The -Publish script runs in the user's session, also when the pipeline has been stopped.</summary>
public sealed class PublishTests
{
    private const string Canary = "Canary pa$$/w+rd\"é";

    [Fact]
    public void The_script_is_given_the_login_and_sees_the_session_s_variables()
    {
        using var scene = WithPassword();
        var seen = new Probe();
        scene.Run(
            "param($p) function Note($x) { $p.See($x) }; $prefix = 'v:'; Invoke-NebulaRotation orders -Force -Publish { param($c) Note ($prefix + $c.Login.Username); Note ($c.Login.Password.Reveal()); Note $c.IsRollback; 'output' }",
            seen.AsParameter()).ThrowIfFailed();
        Assert.Equal(["v:new_user", Canary, false], seen.Seen);
    }

    [Fact]
    public void What_the_script_gives_does_not_mix_with_the_results()
    {
        using var scene = WithPassword();
        var result = scene.Run("Invoke-NebulaRotation orders -Force -Publish { 'output' }").ThrowIfFailed();
        Assert.All(result.Output, o => Assert.IsType<StageResult>(o.BaseObject));
    }

    [Theory]
    [InlineData("throw \"no: $($c.Login.Password.Reveal())\"")]
    [InlineData("$PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new([Exception]::new('no: ' + $c.Login.Password.Reveal()), 'x', 0, $null))")]
    [InlineData("Get-Command nothing-of-this-name-exists")]
    public void A_script_that_fails_is_run_again_with_the_old_login_and_the_failure_is_reported(string statement)
    {
        using var scene = WithPassword();
        var seen = new Probe();
        var result = scene.Run(
            $"param($p) Invoke-NebulaRotation orders -Force -Publish {{ [CmdletBinding()] param($c) $p.See($c.Login.Username); if (-not $c.IsRollback) {{ {statement} }} }}",
            seen.AsParameter());
        Assert.Equal(["new_user", "orders_old"], seen.Seen);
        var error = Assert.Single(result.Errors);
        Assert.Contains("The -Publish script failed:", error.Exception.Message, StringComparison.Ordinal);
        Canaries.AssertAbsent(Canary, result, scene.Host);
        Assert.Empty(Canaries.FindIn(Canary, scene.Run("$Error | ForEach-Object { \"$_ $($_.Exception)\" }").Everything));
    }

    [Fact]
    public void What_the_script_says_is_heard_without_the_password()
    {
        using var scene = WithPassword();
        var result = scene.Run("""
            $VerbosePreference = 'Continue'
            Invoke-NebulaRotation orders -Force -Publish {
                [CmdletBinding()] param($c)
                $PSCmdlet.WriteWarning('now ' + $c.Login.Password.Reveal())
                $PSCmdlet.WriteVerbose('url ' + [uri]::EscapeDataString($c.Login.Password.Reveal()))
                $PSCmdlet.WriteInformation('json ' + [Text.Json.JsonEncodedText]::Encode($c.Login.Password.Reveal()), @('tag'))
            }
            """).ThrowIfFailed();
        Assert.Contains("url ***", result.Verbose);
        Assert.Contains("json ***", result.Information.Select(i => i.ToString()));
        Assert.Contains("now ***", result.Warnings);
        Canaries.AssertAbsent(Canary, result, scene.Host);
    }

    [Fact]
    public async Task After_Ctrl_C_the_script_still_takes_the_publication_back()
    {
        using var scene = WithPassword();
        var script = scene.Service.ScriptOf("orders");
        script.HoldAt = RotationStage.Publish;
        var seen = new Probe();
        var run = scene.Start(
            "param($p) function Note($x) { $p.See($x) }; Invoke-NebulaRotation orders -Force -Publish { param($c) Note $c.Login.Username }; Note 'the script went on'",
            seen.AsParameter());
        await seen.Saw(1);
        scene.Stop();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Empty(script.PublishFailures);
        Assert.Equal(["new_user", "orders_old"], seen.Seen);
    }

    [Fact]
    public async Task Ctrl_C_while_the_script_runs_ends_it_and_takes_the_publication_back()
    {
        using var scene = WithPassword();
        var script = scene.Service.ScriptOf("orders");
        var seen = new Probe();
        var run = scene.Start(
            "param($p) Invoke-NebulaRotation orders -Force -Publish { param($c) $p.See($c.Login.Username); while (-not $c.IsRollback) { [void][Threading.Thread]::Yield() } }",
            seen.AsParameter());
        await seen.Saw(1);
        scene.Stop();
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Empty(script.PublishFailures);
        Assert.Equal(["new_user", "orders_old"], seen.Seen);
        Assert.Contains("Undone: the old login is live.", scene.Host.Warnings);
    }

    [Fact]
    public async Task A_consumer_that_has_enough_does_not_keep_the_script_from_taking_the_publication_back()
    {
        using var scene = WithPassword();
        var script = scene.Service.ScriptOf("orders");
        script.HoldAt = RotationStage.Publish;
        var seen = new Probe();
        var run = scene.Start(
            "param($p) $script:seen = $p; Invoke-NebulaRotation orders -Force -Publish { param($c) $script:seen.See($c.Login.Username) } | ForEach-Object { if ($_.Stage -eq 'Verify') { throw 'enough' } }",
            seen.AsParameter());
        await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.True(script.Ended);
        // The throw may come before the publication or after it; what was published was taken back.
        Assert.Equal(seen.Seen.Contains("new_user"), seen.Seen.Contains("orders_old"));
        Assert.Empty(script.PublishFailures);
    }

    private static Scene WithPassword()
    {
        var scene = new Scene();
        scene.Service.ScriptOf("orders").Password = new Secret(Canary);
        return scene;
    }
}
