using System.Diagnostics;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;
using Nebula.Rotation.Module.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>The examples of docs/running-on-a-schedule.md, taken from the page as it is.</summary>
public sealed partial class SchedulePageTests
{
    private static readonly Dictionary<string, string> Examples = Example().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "running-on-a-schedule.md")))
        .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["text"].Value);

    [Fact]
    public void The_script_ends_with_0_when_nothing_is_due_and_says_so()
    {
        var result = RunScript(Stored(""));
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains("0 rotated, 0 draining, 0 failed, 0 skipped", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_script_ends_with_1_when_a_rotation_failed_and_names_it()
    {
        // A port of this machine that nobody listens on; due at once.
        var result = RunScript(Stored("-RotationInterval 1ms"));
        Assert.True(result.ExitCode == 1, result.Output + result.Error);
        Assert.Contains("1 failed", result.Output, StringComparison.Ordinal);
        Assert.Contains("FAILED orders [ServerUnreachable]", result.Output, StringComparison.Ordinal);
        Assert.Contains("Nebula.RotationsFailed,", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_script_ends_with_2_when_the_run_could_not_begin()
    {
        var result = RunScript("$env:NEBULA_STORE = '/nowhere/at/all/store.db'");
        Assert.True(result.ExitCode == 2, result.Output + result.Error);
    }

    [Theory]
    [InlineData("rotate-due.ps1")]
    [InlineData("runbook.ps1")]
    [InlineData("register-task.ps1")]
    public void A_script_of_the_page_is_PowerShell_and_its_parameters_are_ours(string name)
    {
        var script = Parser.ParseInput(Examples[name], out _, out var errors);
        Assert.Empty(errors);
        var known = typeof(Commands.InvokeNebulaRotationCommand).GetProperties().Select(property => property.Name).Append("InformationVariable").ToHashSet();
        foreach (var command in script.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>().Where(command => command.GetCommandName() == "Invoke-NebulaRotation"))
            Assert.All(command.CommandElements.OfType<CommandParameterAst>(), parameter => Assert.Contains(parameter.ParameterName, known));
    }

    [Fact]
    public void The_runbook_does_its_work_between_what_Automation_gives()
    {
        using var scene = new Scene();
        scene.Service.Due.Add(new() { Credential = scene.Service.Credentials[0], Action = DueAction.Rotate, Reason = "Due." });
        var script = Examples["runbook.ps1"].Replace("Import-Module Nebula.Rotation -ErrorAction Stop", "", StringComparison.Ordinal);
        var output = scene.Run($"$was = $env:NEBULA_STORE, $env:NEBULA_STORE_KEY; function Get-AutomationVariable($Name) {{ '' }}; try {{ {script} }} finally {{ $env:NEBULA_STORE, $env:NEBULA_STORE_KEY = $was }}")
            .ThrowIfFailed().Output;
        Assert.Equal("1 rotated, 0 draining, 0 failed, 0 skipped in 1.0 s", Assert.Single(output).BaseObject);
    }

    [Fact]
    public void The_CronJob_is_one_and_runs_the_script_once_at_a_time()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Examples["cronjob.yaml"]));
        var root = (YamlMappingNode)Assert.Single(yaml.Documents).RootNode;
        Assert.Equal(("batch/v1", "CronJob"), (Text(root, "apiVersion"), Text(root, "kind")));
        Assert.Equal(("Forbid", "*/15 * * * *"), (Text(root, "spec", "concurrencyPolicy"), Text(root, "spec", "schedule")));
        Assert.Equal("0", Text(root, "spec", "jobTemplate", "spec", "backoffLimit"));
        var pod = Find(root, "spec", "jobTemplate", "spec", "template", "spec");
        Assert.Equal("Never", Text(pod, "restartPolicy"));
        Assert.True(int.Parse(Text(pod, "terminationGracePeriodSeconds"), System.Globalization.CultureInfo.InvariantCulture) > 120);
        var container = Assert.Single((YamlSequenceNode)Find(pod, "containers"));
        var command = ((YamlSequenceNode)Find(container, "command")).Select(node => ((YamlScalarNode)node).Value!).ToList();
        Assert.Equal(("pwsh", "rotate-due.ps1"), (command[0], Path.GetFileName(command[^1])));
    }

    [Fact]
    public async Task The_units_pass_the_check_of_systemd()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "systemd is not installed");
        var folder = Directory.CreateTempSubdirectory("nebula-units-");
        try
        {
            // The check wants the program to be there; PowerShell need not be.
            foreach (var unit in new[] { "nebula-rotation.service", "nebula-rotation.timer" })
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, unit), Examples[unit].Replace("/usr/bin/pwsh", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            using var process = Process.Start(new ProcessStartInfo("/usr/bin/systemd-analyze", ["verify", .. Directory.GetFiles(folder.FullName)]) { RedirectStandardError = true })!;
            var said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0 && !said.Contains("nebula", StringComparison.Ordinal), said);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>As a scheduler does, in a process of its own with a store of its own.</summary>
    private static ScriptHostResult RunScript(string before)
    {
        using var host = new ScriptHostProcess();
        var script = host.Script(Examples["rotate-due.ps1"], "rotate-due.ps1");
        var folder = Path.GetDirectoryName(script)!;
        static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
        return host.RunScript($"""
            $env:PSModulePath = {Quoted(Path.GetDirectoryName(Path.GetDirectoryName(Repository.Manifest))!)}
            $env:NEBULA_STORE = {Quoted(Path.Combine(folder, "store.db"))}
            Import-Module Nebula.Rotation -ErrorAction Stop
            {before}
            & {Quoted(script)}
            exit $LASTEXITCODE
            """);
    }

    private static string Stored(string settings) => $$"""
        $password = [securestring]::new(); foreach ($c in 'secret'.ToCharArray()) { $password.AppendChar($c) }
        $login = [pscredential]::new('app', $password); $admin = [pscredential]::new('postgres', $password)
        [void](New-NebulaDbCredential orders -DatabaseType PostgreSql -HostName 127.0.0.1 -Port 1 -Database app -Credential $login -AdminCredential $admin {{settings}} -SkipCheck)
        """;

    private static string Text(YamlNode node, params string[] path) => ((YamlScalarNode)Find(node, path)).Value!;

    private static YamlNode Find(YamlNode node, params string[] path) => path.Aggregate(node, (at, key) => ((YamlMappingNode)at).Children[new YamlScalarNode(key)]);

    [GeneratedRegex(@"^```\w+ title=(?<name>\S+)\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Example();
}
