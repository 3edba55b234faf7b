using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>
/// Every command of README.md, docs and the samples' page: bound against the staged cmdlets, and run page by page, as a reader would, against a real server. What
/// cannot be run here is skipped by name, with the reason.
/// </summary>
public sealed partial class DocumentedCommandTests(DocumentedScene scene) : IClassFixture<DocumentedScene>
{
    public static TheoryData<string> Statements => [.. Pages.All.SelectMany(Pages.Commands).Select(command => command.Name)];

    /// <summary>Blocks of other languages that are commands.</summary>
    public static TheoryData<string, int> Blocks
    {
        get
        {
            var blocks = new TheoryData<string, int>();
            foreach (var block in Pages.All.SelectMany(Pages.Blocks).Where(block => block.Language is "sh" or "bash" or "sql" or "csharp"))
                blocks.Add(block.Page, block.Line);
            return blocks;
        }
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_command_of_a_page_works_as_it_stands(string name)
    {
        var outcome = await scene.OutcomeAsync(name);
        Assert.SkipWhen(outcome.NotRun is not null, outcome.NotRun ?? "");
        Assert.True(outcome.Problem is null, outcome.Problem);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public async Task A_block_of_another_language_works_as_it_stands(string page, int line)
    {
        var block = Pages.Blocks(Path.Combine(Repository.Root, page)).Single(block => block.Line == line);
        var reason = block.Language switch
        {
            "csharp" => "C#: the same calls are compiled and run by Pooling.Tests and the sample API",
            "sql" => null,
            _ when block.Text.Contains("./build.sh", StringComparison.Ordinal) => "builds this repository, as its CI does",
            _ => "openssl: run by the tests of escrow (KeyEscrowTests)",
        };
        Assert.SkipWhen(reason is not null, reason ?? "");
        await scene.RunSqlAsync(block.Text);
    }

    [Fact]
    public void Every_command_of_this_module_in_a_page_binds()
    {
        var problems = new List<string>();
        foreach (var command in Pages.All.SelectMany(Pages.Commands))
            problems.AddRange(command.Calls.Where(CommandBinding.Knows).Select(CommandBinding.Problem).OfType<string>().Select(problem => $"{command.Name}: {problem}"));
        foreach (var block in Pages.All.SelectMany(Pages.Blocks).Where(block => block.Language == "powershell" && block.Title is not null))
            problems.AddRange(Problems(block.Page, block.Text, CommandBinding.Problem));
        Assert.Empty(problems);
    }

    [Fact]
    public void Every_command_within_a_sentence_binds()
    {
        var problems = new List<string>();
        foreach (var page in Pages.All)
        {
            foreach (Match code in Inline().Matches(File.ReadAllText(page)))
            {
                // A name alone is a name, and ... stands for more.
                if (code.Groups[1].Value is var text && text.Contains(' ', StringComparison.Ordinal) && !text.Contains('…', StringComparison.Ordinal) && !text.Contains("...", StringComparison.Ordinal))
                    problems.AddRange(Problems(Path.GetFileName(page), text, CommandBinding.ProblemOfMention));
            }
        }

        Assert.Empty(problems);
    }

    [Fact]
    public void The_test_of_bindings_finds_what_does_not_bind()
    {
        static string? Problem(string text) => Problems("page", text, CommandBinding.Problem).FirstOrDefault();
        Assert.Null(Problem("Invoke-NebulaRotation -Name orders -GracePeriod 30d -WhatIf"));
        Assert.Contains("-Nam", Problem("Invoke-NebulaRotation -Nam orders"), StringComparison.Ordinal);
        Assert.Contains("parameter set", Problem("Invoke-NebulaRotation -Force"), StringComparison.Ordinal);
        Assert.Contains("parameter set", Problem("Invoke-NebulaRotation orders -Due"), StringComparison.Ordinal);
        Assert.Contains("parameter set", Problem("Invoke-NebulaRotation orders billing"), StringComparison.Ordinal);
        Assert.Contains("no duration", Problem("Invoke-NebulaRotation orders -RetainFor 1month"), StringComparison.Ordinal);
        Assert.Contains("-Kind Envfiles", Problem("Add-NebulaPublishTarget orders -Kind Envfiles"), StringComparison.Ordinal);
        Assert.Contains("-Entry", Problem("Add-NebulaPublishTarget orders -Kind EnvFile -Entry @{ A = 'Passwort' }"), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Problems(string page, string text, Func<CommandAst, string?> problem)
    {
        var script = Parser.ParseInput(text, out _, out var errors);
        return errors.Select(error => $"{page}: {error.Message}: {text}").Concat(script.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true)
            .Cast<CommandAst>().Where(CommandBinding.Knows).Select(problem).OfType<string>().Select(found => $"{page}: {text}: {found}"));
    }

    [GeneratedRegex(@"(?<!`)`((?:Add|Compare|Convert|Export|Find|Get|Import|Invoke|Move|New|Remove|Resume|Set|Test|Undo|Update)-Nebula[^`]+)`(?!`)")]
    private static partial Regex Inline();
}
