namespace Nebula.Rotation.Module.Tests.ScriptHost;

/// <summary>What is written where, with nobody at the terminal.</summary>
public sealed class StreamTests : IDisposable
{
    private const string Writer = """
        function Write-All {
            [CmdletBinding()] param()
            $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new([Exception]::new('an error'), 'Id', 'NotSpecified', $null))
            $PSCmdlet.WriteWarning('a warning')
            $PSCmdlet.WriteVerbose('a detail')
            $PSCmdlet.WriteProgress([Management.Automation.ProgressRecord]::new(1, 'an activity', 'a status'))
            'an object'
        }
        Write-All -Verbose
        """;

    private readonly ScriptHostProcess _host = new();

    [Fact]
    public void Errors_go_to_standard_error_and_everything_else_to_standard_output()
    {
        var result = _host.RunScript(Writer);
        Assert.Contains("an error", result.Error, StringComparison.Ordinal);
        Assert.Equal(
            ["WARNING: a warning", "VERBOSE: a detail", "an object"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    [Fact]
    public void Redirected_output_has_no_colours_and_no_progress()
    {
        var result = _host.RunScript(Writer + "\n[pscustomobject]@{ Colour = \"`e[31mred`e[0m\" }\n$Host.UI.WriteLine('Red', 'Black', 'painted')");
        Assert.DoesNotContain('\u001b', result.Output + result.Error);
        Assert.DoesNotContain("an activity", result.Output + result.Error, StringComparison.Ordinal);
        Assert.Contains("painted", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_view_that_a_manifest_brings_is_used()
    {
        _host.Script("@{ ModuleVersion = '1.0'; FormatsToProcess = 'Stage.format.ps1xml' }", "Stage.psd1");
        _host.Script("""
            <Configuration><ViewDefinitions><View><Name>Stage</Name><ViewSelectedBy><TypeName>Test.Stage</TypeName></ViewSelectedBy>
            <TableControl><TableHeaders><TableColumnHeader><Label>Step</Label><Width>10</Width></TableColumnHeader><TableColumnHeader/></TableHeaders>
            <TableRowEntries><TableRowEntry><TableColumnItems><TableColumnItem><PropertyName>Name</PropertyName></TableColumnItem>
            <TableColumnItem><PropertyName>Status</PropertyName></TableColumnItem></TableColumnItems></TableRowEntry></TableRowEntries>
            </TableControl></View></ViewDefinitions></Configuration>
            """, "Stage.format.ps1xml");
        var result = _host.RunScript("""
            Import-Module "$PSScriptRoot/Stage.psd1"
            [pscustomobject]@{ PSTypeName = 'Test.Stage'; Name = 'Prepare'; Status = 'Succeeded'; Hidden = 1 }
            """);
        Assert.Equal(
            ["Step       Status", "----       ------", "Prepare    Succeeded"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd()).Where(l => l.Length > 0));
    }

    [Fact]
    public void An_uncaught_throw_shows_its_line()
    {
        var result = _host.RunScript("throw 'broken'");
        Assert.Contains("broken", result.Error, StringComparison.Ordinal);
        Assert.Contains("script.ps1:1", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_native_command_writes_to_the_same_output_and_sets_LASTEXITCODE()
    {
        var result = _host.RunScript("dotnet no-such-command.dll 2>&1 | Out-Null; $LASTEXITCODE -ne 0");
        Assert.Equal("True", result.Output.TrimEnd());
    }

    [Fact]
    public void Standard_input_belongs_to_the_script()
    {
        using var process = _host.Start(_host.Script("\"read: $([Console]::In.ReadLine())\""));
        process.StandardInput.WriteLine("a line");
        Assert.Equal("read: a line", ScriptHostProcess.Finish(process).Output.TrimEnd());
    }

    public void Dispose() => _host.Dispose();
}
