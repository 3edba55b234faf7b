using System.Management.Automation;
using System.Reflection;
using System.Security;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Every type that cmdlets give has a view, which shows it alike when it comes from a file, a job or another machine.</summary>
public sealed partial class ViewTests
{
    private static readonly XElement[] Views =
        [.. Directory.GetFiles(Path.Combine(Repository.StagedModule, "Nebula.Rotation.Views"), "*.Format.ps1xml").SelectMany(file => XDocument.Load(file).Descendants("View"))];

    // It brings the views.
    private const string FirstCommand = "$null = Get-NebulaDbCredential";

    public static TheoryData<string> Types =>
    [
        .. typeof(Commands.InvokeNebulaRotationCommand).Assembly.GetExportedTypes()
            .SelectMany(type => type.GetCustomAttributes<OutputTypeAttribute>())
            .SelectMany(output => output.Type)
            .Select(output => output.Type)
            .Where(type => type.Namespace == "Nebula.Rotation")
            .Append(typeof(FleetResult))
            .Select(type => type.Name)
            .Distinct(),
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void It_reads_well_and_as_well_when_it_was_serialized(string name)
    {
        var (value, shows) = Samples.All.Single(sample => sample.Key.Name == name).Value;
        using var scene = new Scene();
        Assert.Matches(shows, Show(scene, "$o | Out-Default", value));
        Assert.Matches(shows, Show(scene, "[Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($o)) | Out-Default", value));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Each_script_of_its_views_runs_on_either_form(string name)
    {
        var (value, _) = Samples.All.Single(sample => sample.Key.Name == name).Value;
        var views = Views.Where(view => view.Element("ViewSelectedBy")!.Elements("TypeName").Any(type => type.Value == $"Nebula.Rotation.{name}")).ToList();
        Assert.NotEmpty(views);
        Assert.All(views, view => Assert.Equal([$"Nebula.Rotation.{name}", $"Deserialized.Nebula.Rotation.{name}"], view.Element("ViewSelectedBy")!.Elements("TypeName").Select(type => type.Value)));
        var properties = views.SelectMany(view => view.Descendants("PropertyName")).Select(property => property.Value).Distinct();
        using var scene = new Scene();
        foreach (var form in new[] { "$o", "[Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($o))" })
        {
            // A view itself swallows what goes wrong in it.
            foreach (var script in views.SelectMany(view => view.Descendants("ScriptBlock")).Select(script => script.Value))
            {
                var shown = scene.Run($"param($o) Set-StrictMode -Version 1; {form} | ForEach-Object {{ {script} }}", new Dictionary<string, object> { ["o"] = value }).ThrowIfFailed();
                Assert.DoesNotContain("Deserialized.", string.Concat(shown.Output), StringComparison.Ordinal);
            }

            var members = scene.Run($"param($o) ({form}).PSObject.Properties.Name", new Dictionary<string, object> { ["o"] = value }).ThrowIfFailed().Output.Select(item => $"{item}");
            Assert.Empty(properties.Except(members));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void No_part_of_it_can_hold_a_secret(string name) =>
        AssertHoldsNoSecret(Samples.All.Keys.Single(type => type.Name == name), []);

    [Fact]
    public void Colour_says_what_is_well_and_is_not_there_in_plain_text()
    {
        var stage = (StageResult)Samples.All[typeof(StageResult)].Value;
        using var scene = new Scene();
        scene.Run(FirstCommand).ThrowIfFailed();
        scene.Run("param($o) $PSStyle.OutputRendering = 'Ansi'; $o | Out-Default", new Dictionary<string, object> { ["o"] = stage with { Status = StageStatus.Failed } }).ThrowIfFailed();
        Assert.Contains("\x1b[31mFailed", string.Join('\n', scene.Host.Lines), StringComparison.Ordinal);
        scene.Host.Lines.Clear();
        scene.Run("param($o) $PSStyle.OutputRendering = 'PlainText'; $o | Out-Default", new Dictionary<string, object> { ["o"] = stage }).ThrowIfFailed();
        Assert.Contains("Succeeded", string.Join('\n', scene.Host.Lines), StringComparison.Ordinal);
        Assert.DoesNotContain("\x1b[32m", string.Join('\n', scene.Host.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_redirected_output_has_no_colour()
    {
        using var host = new ScriptHostProcess();
        var result = host.RunScript($$"""
            Import-Module '{{Repository.Manifest}}'
            $password = [Security.SecureString]::new()
            $login = [Management.Automation.PSCredential]::new('app', $password)
            $store = [IO.Path]::Combine([IO.Directory]::GetCurrentDirectory(), 'store.db')
            $null = New-NebulaDbCredential app -DatabaseType Redis -HostName 127.0.0.1 -Port 1 -Credential $login -SkipCheck -Store $store
            Test-NebulaAuditTrail -Store $store
            """);
        Assert.Matches(@"IsIntact\s+: True", result.Output);
        Assert.DoesNotContain("\x1b", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_finds_its_credential_in_its_scope_and_its_own_rotation()
    {
        using var scene = new Scene();
        scene.Service.Credentials.Add(scene.Service.Credentials[0] with { Id = Guid.NewGuid(), Scope = "eu" });
        scene.Service.Tests["orders"] = [];
        var record = (RotationRecord)Samples.All[typeof(RotationRecord)].Value with { CredentialId = scene.Service.Credentials[1].Id };
        scene.Service.Records.Add(record with { RotationId = Guid.NewGuid(), StartedAt = DateTimeOffset.UtcNow });
        scene.Service.Records.Add(record);
        var given = new Dictionary<string, object> { ["r"] = record };
        var found = scene.Run("param($r) $r | Get-NebulaDbCredential", given).ThrowIfFailed();
        Assert.Equal("eu", Assert.IsType<DatabaseCredential>(Assert.Single(found.Output).BaseObject).Scope);
        scene.Run("param($r) $r | Undo-NebulaRotation -Force", given).ThrowIfFailed();
        scene.Run("param($r) [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($r)) | Invoke-NebulaRotation -Force", given).ThrowIfFailed();
        Assert.Equal([("eu", record.RotationId), ("eu", (Guid?)null)], scene.Service.Requests.Select(request => (request.Scope, request.RotationId)));
    }

    private static void AssertHoldsNoSecret(Type type, HashSet<Type> seen)
    {
        if (!seen.Add(type))
            return;
        Assert.DoesNotContain(type, new[] { typeof(Secret), typeof(Login), typeof(SecureString), typeof(PSCredential) });
        if (type.Namespace == "Nebula.Rotation" && !type.IsEnum)
        {
            foreach (var property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public))
                AssertHoldsNoSecret(property.PropertyType, seen);
        }

        foreach (var part in type.IsGenericType ? type.GetGenericArguments() : [])
            AssertHoldsNoSecret(part, seen);
    }

    [GeneratedRegex("\x1b\\[[0-9;]*m")]
    private static partial Regex Ansi();

    private static string Show(Scene scene, string script, object value)
    {
        scene.Run(FirstCommand).ThrowIfFailed();
        scene.Host.Lines.Clear();
        scene.Run($"param($o) {script}", new Dictionary<string, object> { ["o"] = value }).ThrowIfFailed();
        return Ansi().Replace(string.Join('\n', scene.Host.Lines), "");
    }
}
