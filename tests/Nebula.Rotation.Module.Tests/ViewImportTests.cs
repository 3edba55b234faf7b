using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>The views come with the first command of a session, whatever kind of session and command that is, and go with the module.</summary>
public sealed class ViewImportTests
{
    // A column of the view; no property has this name.
    private const string View = "NextDue";

    [Theory]
    [InlineData("Get-NebulaDbCredential | Out-Default")]
    [InlineData("Get-NebulaDbCredential | ForEach-Object { $_ } | Out-Default")]
    // The command that shows begins before ours does.
    [InlineData("'orders' | ForEach-Object { Get-NebulaDbCredential $_ } | Out-Default")]
    [InlineData("& { 1; Get-NebulaDbCredential } | Out-Default")]
    [InlineData("$found = Get-NebulaDbCredential; $found | Out-Default")]
    // A command that fails brings them, too.
    [InlineData("Test-NebulaCredential nobody -ErrorAction Ignore; $o | Out-Default")]
    [InlineData("Get-NebulaDbCredential | Set-NebulaDbCredential -Tag x -PassThru | Out-Default")]
    [InlineData("function Show { [CmdletBinding()] param() Get-NebulaDbCredential } Show | Out-Default")]
    [InlineData("$module = New-Module { function Show { Get-NebulaDbCredential } }; & $module { Show | Out-Default }")]
    [InlineData("$VerbosePreference = $DebugPreference = 'Continue'; $ErrorActionPreference = 'Stop'; Get-NebulaDbCredential | Out-Default")]
    [InlineData("function Import-Module { throw 'asked' } Get-NebulaDbCredential | Out-Default")]
    [InlineData("$PSModuleAutoLoadingPreference = 'None'; Set-StrictMode -Version 3; Get-NebulaDbCredential | Out-Default")]
    [InlineData("$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; Get-NebulaDbCredential | Out-Default")]
    public void The_first_command_shows_with_views(string script)
    {
        using var scene = new Scene();
        var result = scene.Run("param($o) " + script, new Dictionary<string, object> { ["o"] = Scene.Credential("orders") }).ThrowIfFailed();
        Assert.Contains(View, string.Join('\n', scene.Host.Lines), StringComparison.Ordinal);
        Assert.DoesNotContain("Nebula.Rotation.Views", result.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public void An_import_alone_brings_the_members_and_no_view()
    {
        using var scene = new Scene();
        var given = new Dictionary<string, object> { ["o"] = Scene.Credential("orders") };
        Assert.Equal("db1:5432", Assert.Single(scene.Run("param($o) $o.Endpoints", given).ThrowIfFailed().Output).BaseObject);
        scene.Run("param($o) $o | Out-Default", given).ThrowIfFailed();
        Assert.DoesNotContain(View, string.Join('\n', scene.Host.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void They_are_seen_in_no_list_of_modules()
    {
        using var scene = new Scene();
        var result = scene.Run(
            """
            $before = @(Get-Module)
            $null = Get-NebulaDbCredential
            $after = @(Get-Module)
            $after.Count -eq $before.Count
            @(Get-Module -All | Where-Object Name -eq Nebula.Rotation.Views).Count
            @(Get-Command -Module Nebula.Rotation.Views).Count
            $Error.Count
            """).ThrowIfFailed();
        Assert.Equal([true, 1, 0, 0], result.Output.Select(item => item.BaseObject));
    }

    [Fact]
    public void They_go_with_the_module_and_come_back_with_it()
    {
        using var scene = new Scene();
        var given = new Dictionary<string, object> { ["o"] = Scene.Credential("orders") };
        scene.Run("$null = Get-NebulaDbCredential; Remove-Module Nebula.Rotation").ThrowIfFailed();
        Assert.Equal(0, Assert.Single(scene.Run("@(Get-Module -All | Where-Object Name -like Nebula.Rotation*).Where({ $_.Name -ne 'Nebula.Rotation.Module.Tests' }).Count").Output).BaseObject);
        scene.Run("param($o) $o | Out-Default", given).ThrowIfFailed();
        Assert.DoesNotContain(View, string.Join('\n', scene.Host.Lines), StringComparison.Ordinal);

        scene.Run($"Import-Module '{Repository.Manifest}'; Get-NebulaDbCredential | Out-Default").ThrowIfFailed();
        Assert.Contains(View, string.Join('\n', scene.Host.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Importing_by_force_again_and_again_keeps_them()
    {
        using var scene = new Scene();
        for (var round = 0; round < 3; round++)
        {
            scene.Host.Lines.Clear();
            scene.Run($"Get-NebulaDbCredential | Out-Default; Import-Module '{Repository.Manifest}' -Force; Get-NebulaDbCredential | Out-Default").ThrowIfFailed();
            Assert.Equal(2, scene.Host.Lines.Count(line => line.Contains(View, StringComparison.Ordinal)));
        }

        var left = scene.Run("@(Get-Module -All | Where-Object Name -eq Nebula.Rotation.Views).Count").ThrowIfFailed();
        Assert.Equal(1, Assert.Single(left.Output).BaseObject);
    }

    [Fact]
    public async Task Sessions_that_begin_at_once_have_them_each()
    {
        using var scene = new Scene();
        using var together = new Barrier(4);
        var shown = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var host = new TestHost();
            using var session = new ModuleHost(host);
            together.SignalAndWait(TestContext.Current.CancellationToken);
            session.Run("Get-NebulaDbCredential | Out-Default").ThrowIfFailed();
            return string.Join('\n', host.Lines);
        })));
        Assert.All(shown, lines => Assert.Contains(View, lines, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_that_takes_no_views_runs_commands_all_the_same(bool shared)
    {
        using var scene = new Scene();
        var state = InitialSessionState.CreateDefault2();
        if (shared)
        {
            state.Formats.Clear();
            state.Formats.Add(new SessionStateFormatEntry(FormatTable.LoadDefaultFormatFiles()));
        }
        else
        {
            state.DisableFormatUpdates = true;
        }

        using var runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        using var shell = PowerShell.Create();
        shell.Runspace = runspace;
        shell.AddScript($$"""
            Import-Module '{{Repository.Manifest}}'
            (Get-NebulaDbCredential).Name
            (Get-NebulaDbCredential).Endpoints
            """);
        Assert.Equal(["orders", "db1:5432"], shell.Invoke().Select(item => item.BaseObject));
        Assert.Empty(shell.Streams.Error);
        Assert.False(shell.HadErrors);
    }

    [Fact]
    public void A_command_that_imports_the_module_by_itself_shows_with_views()
    {
        using var host = new ScriptHostProcess();
        var result = host.RunScript($$"""
            $env:PSModulePath = '{{Path.GetDirectoryName(Repository.StagedModule)}}'
            $login = [Management.Automation.PSCredential]::new('app', [Security.SecureString]::new())
            $store = [IO.Path]::Combine([IO.Directory]::GetCurrentDirectory(), 'store.db')
            New-NebulaDbCredential app -DatabaseType Redis -HostName 127.0.0.1 -Port 1 -Credential $login -SkipCheck -Store $store
            1..2 | ForEach-Object -Parallel { Get-NebulaDbCredential -Store $using:store }
            """);
        Assert.Empty(result.Error);
        Assert.Contains(View, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Endpoints", result.Output, StringComparison.Ordinal);
    }
}
