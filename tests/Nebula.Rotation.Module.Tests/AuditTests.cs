using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>The audit trail as a user reads, exports and tests it.</summary>
public sealed class AuditTests
{
    private static readonly AuditEvent Entry = new()
    {
        Sequence = 7,
        At = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
        Actor = "ops@runner, process 12",
        Action = AuditAction.StageEnded,
        CredentialId = Guid.NewGuid(),
        Credential = "orders",
        Scope = "global",
        RotationId = Guid.NewGuid(),
        Outcome = "Verify Succeeded",
        Details = new Dictionary<string, object?> { ["Facts"] = 28, ["Message"] = "it's \"proved\"" },
        Code = new string('A', 64),
    };

    [Fact]
    public void Entries_read_as_a_table_and_are_asked_for_by_what_was_given()
    {
        using var scene = new Scene();
        scene.Service.Audit.Add(Entry);
        scene.Run("Get-NebulaAuditEvent orders -Action StageEnded, RotationBegun -After ([datetime]'2026-01-01T00:00:00Z') -Last 5 | Out-Default").ThrowIfFailed();
        var shown = string.Join('\n', scene.Host.Lines);

        Assert.Matches(@"7\s+2026-03-01 \d\d:00:00\s+orders\s+StageEnded\s+Verify Succeeded\s+ops@runner, process 12", shown);
        var filter = scene.Service.AuditFilter!;
        Assert.Equal(("orders", 5), (filter.Name, filter.Last));
        Assert.Equal([AuditAction.StageEnded, AuditAction.RotationBegun], filter.Actions);
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), filter.After);
    }

    [Fact]
    public void An_entry_is_one_line_of_JSON()
    {
        using var scene = new Scene();
        scene.Service.Audit.Add(Entry);
        var line = Assert.Single(scene.Run("Get-NebulaAuditEvent -AsJsonLine").Output).ToString()!;

        using var json = System.Text.Json.JsonDocument.Parse(line);
        Assert.Equal("StageEnded", json.RootElement.GetProperty("Action").GetString());
        Assert.Equal(28, json.RootElement.GetProperty("Details").GetProperty("Facts").GetInt32());
        Assert.DoesNotContain('\n', line);
    }

    [Fact]
    public void A_trail_is_tested_with_the_head_that_was_kept()
    {
        using var scene = new Scene();
        Assert.Equal(true, Assert.Single(scene.Run("Test-NebulaAuditTrail -Quiet").Output).BaseObject);
        Assert.Equal(false, Assert.Single(scene.Run("Test-NebulaAuditTrail -Head '1:AA' -Quiet").Output).BaseObject);
        Assert.Equal("1:AA", Assert.Single(scene.Run("(Test-NebulaAuditTrail).Head").Output).BaseObject);
    }
}
