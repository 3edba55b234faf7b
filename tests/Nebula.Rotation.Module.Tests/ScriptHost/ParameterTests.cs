namespace Nebula.Rotation.Module.Tests.ScriptHost;

/// <summary>Arguments are bound as pwsh -File binds them.</summary>
public sealed class ParameterTests : IDisposable
{
    private const string Script = """
        param([string] $Name, [switch] $Force, [int] $Count = 1, [Parameter(ValueFromRemainingArguments)] $Rest)
        "$Name|$Force|$Count|$($Rest -join ',')"
        """;

    private readonly ScriptHostProcess _host = new();

    [Theory]
    [InlineData("app|False|1|", "app")]
    [InlineData("app|True|3|", "-Name", "app", "-Force", "-Count", "3")]
    [InlineData("app|True|1|", "-Force", "-Name:app")]
    [InlineData("app|False|1|", "-Force:$false", "-Name", "app")]
    [InlineData("app|False|1|", "-Name:", "app")]
    [InlineData("a b'c|False|2|x,y", "-Name", "a b'c", "-Count", "2", "x", "y")]
    [InlineData("$env:HOME|False|1|", "-Name", "$env:HOME")]
    public void Names_switches_and_positions_reach_the_script(string expected, params string[] arguments)
    {
        var result = _host.RunScript(Script, arguments);
        Assert.Equal("", result.Error);
        Assert.Equal(expected, result.Output.TrimEnd());
    }

    [Fact]
    public void A_value_that_does_not_fit_its_parameter_ends_with_1_and_names_it()
    {
        var result = _host.RunScript(Script, "-Count", "many");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("'Count'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_knows_where_it_is()
    {
        var result = _host.RunScript("""[IO.Path]::GetFileName($PSCommandPath); $PSScriptRoot -eq [IO.Path]::GetDirectoryName($MyInvocation.MyCommand.Path)""");
        Assert.Equal(["script.ps1", "True"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    public void Dispose() => _host.Dispose();
}
