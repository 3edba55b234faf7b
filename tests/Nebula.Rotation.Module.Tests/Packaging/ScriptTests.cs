using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests.Packaging;

/// <summary>Scripts and workflows that do not run here are at least read.</summary>
public sealed partial class ScriptTests
{
    public static TheoryData<string> Scripts =>
    [
        .. new[] { "*.ps1", "*.psm1", "*.psd1" }
            .SelectMany(pattern => Directory.GetFiles(Repository.Root, pattern, SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => !Built().IsMatch(file)),
    ];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_script_parses(string file)
    {
        Parser.ParseFile(Path.Combine(Repository.Root, file), out _, out var errors);
        Assert.Empty(errors.Select(error => $"{error.Extent.StartLineNumber}: {error.Message}"));
    }

    [Fact]
    public void There_are_scripts_to_look_at() => Assert.Contains("tests/pester/Nebula.Rotation.Tests.ps1", Scripts.Select(row => row.Data));

    [Fact]
    public void A_workflow_is_YAML_and_pins_its_actions_by_their_major_version()
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, ".github", "workflows"), "*.yml");
        Assert.Equal(["ci.yml", "release.yml"], files.Select(Path.GetFileName).Order());
        foreach (var file in files)
        {
            var text = File.ReadAllText(file);
            var jobs = (Dictionary<object, object>)new YamlDotNet.Serialization.Deserializer().Deserialize<Dictionary<string, object>>(text)["jobs"];
            Assert.NotEmpty(jobs);
            Assert.All(Uses().Matches(text), use => Assert.Matches(@"^(\./\.github/workflows/[\w.]+|[\w-]+/[\w-]+@v\d+)$", use.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"(^|/)(bin|obj|out)/")]
    private static partial Regex Built();

    [GeneratedRegex(@"uses:\s*(\S+)")]
    private static partial Regex Uses();
}
