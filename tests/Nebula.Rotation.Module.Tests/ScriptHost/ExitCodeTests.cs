using System.Diagnostics;

namespace Nebula.Rotation.Module.Tests.ScriptHost;

/// <summary>The exit codes are those of pwsh -File and -Command (ConsoleHost.cs of PowerShell).</summary>
public sealed class ExitCodeTests : IDisposable
{
    private readonly ScriptHostProcess _host = new();

    [Theory]
    [InlineData("exit 5", 5)]
    [InlineData("exit", 0)]
    [InlineData("& { exit 3 }", 3)]
    [InlineData("throw 'no'", 1)]
    [InlineData("if (", 1)]
    [InlineData("'done'", 0)]
    [InlineData("Import-Module no-such-module", 0)]
    [InlineData("$ErrorActionPreference = 'Stop'; Import-Module no-such-module", 1)]
    // The value is output and no more; only exit makes it the exit code.
    [InlineData("$global:LASTEXITCODE = 4; $LASTEXITCODE", 0)]
    [InlineData("$global:LASTEXITCODE = 4; exit $LASTEXITCODE", 4)]
    public void A_script_ends_with_the_exit_code_that_pwsh_gives(string script, int expected) =>
        Assert.Equal(expected, _host.RunScript(script).ExitCode);

    [Fact]
    public void A_script_that_another_script_calls_ends_only_itself()
    {
        _host.Script("exit 6", "inner.ps1");
        var result = _host.RunScript("""& "$PSScriptRoot/inner.ps1"; "after $LASTEXITCODE" """);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("after 6", result.Output.TrimEnd());
    }

    [Theory]
    [InlineData("exit 5", 5)]
    [InlineData("Import-Module no-such-module", 1)]
    [InlineData("1 + 1", 0)]
    public void A_command_ends_with_the_exit_code_that_pwsh_gives(string command, int expected) =>
        Assert.Equal(expected, _host.Run("-Command", command).ExitCode);

    [Fact]
    public void A_script_that_does_not_exist_is_a_usage_error()
    {
        var result = _host.Run("missing.ps1");
        Assert.Equal(64, result.ExitCode);
        Assert.Contains("missing.ps1", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ctrl_C_runs_finally_blocks_and_ends_a_script_with_0_as_pwsh_does()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends SIGINT with kill");
        var script = _host.Script("""
            try { [Console]::Out.WriteLine('started'); while ($true) { [void][Threading.Thread]::Yield() } }
            finally { [Console]::Out.WriteLine('cleaned up') }
            """);
        using var process = _host.Start(script);
        Assert.Equal("started", process.StandardOutput.ReadLine());
        using (var kill = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        var result = ScriptHostProcess.Finish(process);
        Assert.Equal("cleaned up", result.Output.TrimEnd());
        Assert.Equal(0, result.ExitCode);
    }

    public void Dispose() => _host.Dispose();
}
