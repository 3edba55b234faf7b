using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Formatting;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>What a user sees without asking for a form.</summary>
public sealed partial class OutputTests
{
    [Fact]
    public void Stages_read_as_a_table_under_their_credential()
    {
        using var scene = new Scene();
        var shown = Show(scene, "Invoke-NebulaRotation orders -Force");
        Assert.Contains("Rotation: orders: orders_old -> new_user", shown, StringComparison.Ordinal);
        Assert.Matches(@"Stage\s+Status\s+Duration\s+Message", shown);
        Assert.Matches(@"CreateLogin\s+Succeeded\s+1\.2 s\s+CreateLogin is over\.", shown);
    }

    [Fact]
    public void Credentials_read_as_a_table()
    {
        using var scene = new Scene();
        scene.Service.Credentials[0] = scene.Service.Credentials[0] with { RotationInterval = TimeSpan.FromDays(1), LastRotatedAt = DateTimeOffset.UtcNow.AddDays(-3), NextRotationAt = DateTimeOffset.UtcNow.AddDays(-2) };
        var shown = Show(scene, "Get-NebulaDbCredential");
        Assert.Matches(@"Name\s+Type\s+Host\s+Database\s+Username\s+Version\s+LastRotated\s+NextDue", shown);
        Assert.Matches(@"orders\s+PostgreSql\s+db1:5432\s+app\s+orders_old\s+1\s+3\.0 d ago\s+overdue 2\.0 d", shown);
    }

    [Fact]
    public void A_plan_reads_as_a_list_with_its_statements()
    {
        using var scene = new Scene();
        scene.Service.Plan = Plans.Example("orders");
        var shown = Show(scene, "Get-NebulaRotationPlan orders");
        Assert.Matches(@"CanRotate\s+: False", shown);
        Assert.Matches(@"Blockers\s+: subscription s: Its owner", shown);
        Assert.Matches(@"Statements\s+: \[CreateLogin\] CREATE ROLE", shown);
        Assert.Contains("[Retire, app] REASSIGN", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void The_parts_of_a_plan_have_views_of_their_own()
    {
        using var scene = new Scene();
        scene.Service.Plan = Plans.Example("orders");
        Assert.Matches(@"SELECT\s+app\s+TABLE public\.items \(price\)\s+yes", Show(scene, "(Get-NebulaRotationPlan orders).Facts"));
        Assert.Matches(@"Stage\s+Database\s+Statement", Show(scene, "(Get-NebulaRotationPlan orders).Statements"));
        Assert.Matches(@"Object\s+: subscription s", Show(scene, "(Get-NebulaRotationPlan orders).Blockers"));
    }

    [Fact]
    public void Differences_of_two_logins_read_as_a_table()
    {
        using var scene = new Scene();
        scene.Service.Differences.Add(new(
            PermissionDifference.ReferenceOnly, "orders_a", new() { Kind = "Privilege", Name = "SELECT", ObjectType = "TABLE", ObjectName = "public.items" }));
        var shown = Show(scene, "Compare-NebulaPermission orders -ReferenceUsername orders_a");
        Assert.Matches(@"Side\s+Username\s+Fact", shown);
        Assert.Matches(@"<=\s+orders_a\s+Privilege SELECT on TABLE public\.items", shown);
    }

    [Fact]
    public void Rotations_and_tests_read_as_tables()
    {
        using var scene = new Scene();
        scene.Service.Records.Add(scene.Service.ScriptOf("orders").Ending(scene.Service.Credentials[0], RotationState.Draining));
        scene.Service.Tests["orders"] =
        [
            new CredentialTestResult { Name = "orders", DatabaseType = DatabaseType.PostgreSql, Endpoint = "db1:5432", Username = "orders_old", Succeeded = true, Latency = TimeSpan.FromMilliseconds(12), Message = "Well." },
        ];
        Assert.Matches(@"orders\s+Rotation\s+Draining\s+\d{4}-\d\d-\d\d \d\d:\d\d\s+open\s+orders_old\s+new_user", Show(scene, "Get-NebulaRotation"));
        Assert.Matches(@"orders\s+db1:5432\s+orders_old\s+True\s+12 ms\s+Well\.", Show(scene, "Test-NebulaCredential orders"));
    }

    [Fact]
    public void Progress_has_one_bar_a_rotation_and_takes_it_away()
    {
        using var scene = new Scene();
        var progress = scene.Run("Invoke-NebulaRotation orders -Force").ThrowIfFailed().Progress;
        Assert.Single(progress.Select(p => p.ActivityId).Distinct());
        Assert.All(progress, p => Assert.Equal("Rotate orders", p.Activity));
        // Of what comes faster than it can be shown, the last is.
        Assert.Equal("Complete (8 of 8): working", progress[^1].StatusDescription);
        Assert.Equal(System.Management.Automation.ProgressRecordType.Completed, progress[^1].RecordType);
    }

    [Fact]
    public void Messages_have_their_streams()
    {
        using var scene = new Scene();
        scene.Service.ScriptOf("orders").Messages.AddRange(
            [(RotationMessageKind.Verbose, "quiet"), (RotationMessageKind.Warning, "mind"), (RotationMessageKind.Important, "look")]);
        var result = scene.Run("Invoke-NebulaRotation orders -Force -Verbose").ThrowIfFailed();
        Assert.Contains("quiet", result.Verbose);
        Assert.Equal(["mind", "look"], result.Warnings);
    }

    [Theory]
    [InlineData(0.012, "12 ms")]
    [InlineData(0.9996, "1.0 s")]
    [InlineData(1.24, "1.2 s")]
    [InlineData(59.98, "1.0 min")]
    [InlineData(90, "1.5 min")]
    [InlineData(7200, "2.0 h")]
    [InlineData(259200, "3.0 d")]
    public void A_duration_reads_in_the_unit_that_fits(double seconds, string text) =>
        Assert.Equal(text, Human.Duration(TimeSpan.FromSeconds(seconds)));

    [GeneratedRegex("\x1b\\[[0-9;]*m")]
    private static partial Regex Colour();

    private static string Show(Scene scene, string command)
    {
        scene.Host.Lines.Clear();
        scene.Run($"{command} | Out-Default").ThrowIfFailed();
        return Colour().Replace(string.Join('\n', scene.Host.Lines), "");
    }
}
