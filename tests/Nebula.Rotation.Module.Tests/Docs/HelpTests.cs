using System.Management.Automation;
using System.Text.RegularExpressions;
using Nebula.Rotation.Help;
using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>Help as Get-Help shows it for the staged module, and the pages that it is made of.</summary>
public sealed partial class HelpTests : IClassFixture<HelpTests.Session>
{
    private static readonly HelpSource Source = new(Path.Combine(Repository.Root, "docs"), typeof(Module.Commands.InvokeNebulaRotationCommand).Assembly);

    private readonly ModuleHost _session;

    public HelpTests(Session session) => _session = session.Host;

    public static TheoryData<string> Names => [.. Source.Cmdlets.Select(facts => facts.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Get_Help_tells_all_of_a_command(string name)
    {
        var help = Assert.Single(_session.Run($"Get-Help {name} -Full").ThrowIfFailed().Output);
        var facts = Source.Cmdlets.Single(command => command.Name == name);

        Assert.InRange(Text(help, "Synopsis").Length, 20, 250);
        Assert.True(Text(help, "description").Length > 60, Text(help, "description"));
        var described = Items(help, "parameters", "parameter").ToDictionary(parameter => Text(parameter, "name"), StringComparer.Ordinal);
        Assert.Equal(facts.Parameters.Select(parameter => parameter.Name).Order(StringComparer.Ordinal), described.Keys.Order(StringComparer.Ordinal));
        Assert.All(described, parameter => Assert.True(Text(parameter.Value, "description").Length > 15, parameter.Key));
        Assert.All(described, parameter => Assert.Contains(Text(parameter.Value, "required"), (string[])["true", "false"]));
        Assert.Equal(facts.Sets.Count, Items(help, "syntax", "syntaxItem").Count);
        Assert.NotEmpty(Items(help, "inputTypes", "inputType"));
        Assert.All(Items(help, "returnValues", "returnValue"), value => Assert.True(Text(value, "description").Length > 5));
        Assert.NotEmpty(Items(help, "relatedLinks", "navigationLink"));
        var examples = Items(help, "examples", "example");
        Assert.True(examples.Count >= 3, $"{examples.Count} examples");
        Assert.All(examples, example => Assert.Contains(name, Text(example, "code"), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_command_and_parameter_is_described_and_nothing_else_is()
    {
        Assert.Empty(Source.Missing());
        Assert.Empty(Source.Pages.Keys.Except(Source.Cmdlets.Select(facts => facts.Name)));
        Assert.Empty(Source.Shared.Keys.Except(Source.Cmdlets.SelectMany(facts => facts.Parameters).Select(parameter => parameter.Name)));
        Assert.All(Source.Cmdlets, facts => Assert.Empty(Source.Pages[facts.Name].Parameters.Keys.Except(facts.Parameters.Select(parameter => parameter.Name))));
    }

    [Fact]
    public void What_the_assembly_knows_is_up_to_date_in_the_pages() =>
        Assert.All(Source.Updated(), page => Assert.True(File.ReadAllText(page.Key) == page.Value, $"{page.Key} is stale: run ./build.sh docs."));

    [Fact]
    public void What_a_page_says_of_outputs_is_what_the_command_declares() =>
        Assert.All(Source.Cmdlets, facts => Assert.Equal(facts.OutputTypes.Order(StringComparer.Ordinal), Source.Pages[facts.Name].Outputs.Keys.Order(StringComparer.Ordinal)));

    [Fact]
    public void The_staged_help_is_made_of_these_pages()
    {
        var folder = Directory.CreateTempSubdirectory("nebula-help-");
        try
        {
            Source.Stage(folder.FullName);
            var made = folder.GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal).ToList();
            Assert.Equal(made, Directory.GetFiles(Path.Combine(Repository.StagedModule, "en-US")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            Assert.All(made, name => Assert.True(
                File.ReadAllText(Path.Combine(folder.FullName, name)) == File.ReadAllText(Path.Combine(Repository.StagedModule, "en-US", name)), $"{name} is stale: run ./build.sh build."));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("about_Nebula_Rotation")]
    [InlineData("about_Nebula_Stores")]
    [InlineData("about_Nebula_Recovery")]
    [InlineData("about_Nebula_Security")]
    public void A_topic_is_found_and_has_no_line_that_a_console_would_break(string topic)
    {
        var text = $"{Assert.Single(_session.Run($"Get-Help {topic}").ThrowIfFailed().Output)}";
        Assert.Contains($"TOPIC\n    {topic}\n", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        // The first lines are the summary, which Get-Help reads as one; code stays as it is.
        Assert.DoesNotContain(text.ReplaceLineEndings("\n").Split('\n').Skip(5), line => line.Length > 80 && !line.StartsWith("        ", StringComparison.Ordinal));
        Assert.DoesNotContain("`", text[..text.IndexOf("SEE ALSO", StringComparison.Ordinal)].Replace("shop `", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var summary = _session.Run($"(Get-Help about_Nebula*) | Where-Object Name -eq {topic}").ThrowIfFailed().Output;
        Assert.True(Text(Assert.Single(summary), "Synopsis").Length > 20);
    }

    [Fact]
    public void Links_between_pages_lead_somewhere()
    {
        foreach (var page in Pages.All)
        {
            foreach (Match link in Link().Matches(File.ReadAllText(page)))
            {
                var target = link.Groups[1].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
                    Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target)), $"{page}: {target}");
            }
        }
    }

    [Fact]
    public void Every_command_and_topic_is_reachable_from_the_README()
    {
        Assert.Contains("docs/commands/README.md", File.ReadAllText(Path.Combine(Repository.Root, "README.md")), StringComparison.Ordinal);
        var list = File.ReadAllText(Path.Combine(Repository.Root, "docs", "commands", "README.md"));
        Assert.All(Directory.GetFiles(Path.Combine(Repository.Root, "docs", "about"), "*.md"), topic => Assert.Contains(Path.GetFileName(topic), list, StringComparison.Ordinal));
        var linked = string.Concat(Pages.All.Select(File.ReadAllText));
        Assert.All(Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md"), page => Assert.Contains(Path.GetFileName(page), linked, StringComparison.Ordinal));
    }

    private static IReadOnlyList<PSObject> Items(PSObject help, string group, string item) =>
        help.Properties[group]?.Value is PSObject value && value.Properties[item]?.Value is { } items
            ? [.. LanguagePrimitives.GetEnumerable(items)?.Cast<object>().Select(PSObject.AsPSObject) ?? [PSObject.AsPSObject(items)]]
            : [];

    // A text, or paragraphs with a text each.
    private static string Text(PSObject help, string name) => help.Properties[name]?.Value switch
    {
        null => "",
        string text => text.Trim(),
        PSObject { BaseObject: string text } => text.Trim(),
        var value when LanguagePrimitives.GetEnumerable(value) is { } paragraphs =>
            string.Join('\n', paragraphs.Cast<object>().Select(paragraph => $"{PSObject.AsPSObject(paragraph).Properties["Text"]?.Value ?? paragraph}")).Trim(),
        var other => other.ToString()!.Trim(),
    };

    /// <summary>One session: the help of a module is read once in each.</summary>
    public sealed class Session : IDisposable
    {
        internal ModuleHost Host { get; } = new();

        public void Dispose() => Host.Dispose();
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
