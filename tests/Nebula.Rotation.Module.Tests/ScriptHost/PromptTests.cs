using System.Text.RegularExpressions;

namespace Nebula.Rotation.Module.Tests.ScriptHost;

/// <summary>Where nobody can answer, a question fails with its reason and does not wait.</summary>
public sealed partial class PromptTests : IDisposable
{
    private readonly ScriptHostProcess _host = new();

    [Theory]
    [InlineData("$Host.UI.ReadLine()")]
    [InlineData("$Host.UI.ReadLineAsSecureString()")]
    [InlineData("$Host.UI.PromptForChoice('Rotate', 'Go on?', @('&Yes', '&No'), 0)")]
    [InlineData("$Host.UI.PromptForCredential('c', 'm', 'user', '')")]
    [InlineData("$Host.UI.RawUI.ReadKey()")]
    [InlineData("function f { [CmdletBinding()] param([Parameter(Mandatory)] $Name) }; f")]
    [InlineData("function f { [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')] param() $PSCmdlet.ShouldProcess('x') }; f")]
    public void A_question_is_refused(string question)
    {
        var result = _host.RunScript($"$ErrorActionPreference = 'Stop'; {question}; 'not reached'");
        Assert.Equal(1, result.ExitCode);
        Assert.DoesNotContain("not reached", result.Output, StringComparison.Ordinal);
        Assert.NotEqual("", result.Error);
    }

    [Fact]
    public void The_refusal_says_what_to_do()
    {
        var result = _host.RunScript("$Host.UI.PromptForChoice('Rotate', 'Go on?', @('&Yes', '&No'), 0)");
        // An error is wrapped to the width of the terminal, each line behind a bar.
        var message = WrappedLine().Replace(result.Error, " ");
        Assert.Contains("not interactive", message, StringComparison.Ordinal);
        Assert.Contains("Go on?", message, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\s*\n\s*\|\s*")]
    private static partial Regex WrappedLine();

    public void Dispose() => _host.Dispose();
}
