using Nebula.Rotation.Engine.Reporting;

namespace Nebula.Rotation.Engine.Tests.Reporting;

/// <summary>Stores to report on, as data.</summary>
internal static class ReportSamples
{
    public static readonly DateTimeOffset Now = new(2026, 3, 14, 9, 30, 0, TimeSpan.Zero);

    /// <summary>Names that a page must show as they are.</summary>
    public static readonly IReadOnlyList<string> HostileNames =
    [
        "<script>alert(1)</script>",
        "</style></title><img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "' autofocus onfocus='alert(1)",
        "&lt;b&gt; &amp;",
        "javascript:alert(1)",
        "<!-- --> ]]> ${7*7} {{7*7}} %3Cscript%3E",
        "ab\u202Egnp.exe",
        "שלום‏ عالم 日本語 😀 é",
        "x\uD800y",
        new('W', 300),
    ];

    public static ReportData Empty(AuditTrailResult? audit = null) => new()
    {
        Title = "Database login rotation",
        Store = "/var/lib/nebula/store.db",
        At = Now,
        History = new() { Count = 50 },
        Credentials = [],
        Rotations = [],
        Audit = audit ?? Intact,
    };

    public static AuditTrailResult Intact { get; } = new()
    {
        IsIntact = true, Count = 1284, Head = $"1284:{new string('A', 60)}1F2E", Message = "1284 entries follow each other without a gap.",
    };

    public static AuditTrailResult Broken { get; } = new()
    {
        IsIntact = false, Count = 1284, Head = "1284:00", FirstBadSequence = 77, Message = "Entry 77 was changed: its code is not that of its content.",
    };

    /// <summary>A store as it may be in a bad week: something in every section.</summary>
    public static ReportData Rich()
    {
        var orders = Credential("orders", 12, 30);
        var billing = Credential("billing", 47, 30) with { DatabaseType = DatabaseType.MySql, Port = 3306, HostName = ["mysql-primary.example.net"] };
        var search = Credential("search-index", 28.5, 30) with { DatabaseType = DatabaseType.Redis, Port = 6379, Database = "0" };
        var archive = Credential("archive", 310, null) with { Scope = "finance", DatabaseType = DatabaseType.MongoDb, Port = 27017, HostName = ["m1", "m2", "m3"] };
        var payroll = Credential("payroll", 20, 14) with { Scope = "finance", HoldReason = "Year-end closing until 20 March" };
        var ledger = Credential("ledger", 31, 30);
        return Empty() with
        {
            Title = "Login rotation, production",
            Credentials = [orders, billing, search, archive, payroll, ledger],
            Rotations =
            [
                Failed(billing, 0.2, RotationStage.Verify, RotationErrorCode.VerificationFailed, "Verify failed: 'billing_9c21e07d' is not the equal of 'billing_51a0cf3e': it lacks Privilege EXECUTE on PROCEDURE `billing`.`close_month`."),
                Draining(ledger, 0.4),
                Done(search, 1.5, 61),
                Failed(orders, 12.3, RotationStage.Publish, RotationErrorCode.PublishFailed, "Publish failed: /etc/orders/db.env cannot be written: Permission denied."),
                Done(orders, 12, 75) with { State = RotationState.Retained, RetainUntil = Now.AddDays(2) },
                Done(payroll, 20, 300),
                Done(billing, 47, 64),
            ],
        };
    }

    /// <summary>As many credentials as asked for, with a rotation each.</summary>
    public static ReportData Many(int count)
    {
        var credentials = Enumerable.Range(0, count).Select(number => Credential($"service-{number:0000}", 1 + (number * 7 % 40), 30)).ToList();
        return Empty() with { Credentials = credentials, Rotations = [.. credentials.OrderBy(credential => Now - credential.LastRotatedAt).Select(credential => Done(credential, (Now - credential.LastRotatedAt).TotalDays, 61))] };
    }

    /// <summary>Hostile text in every place that takes one.</summary>
    public static ReportData Hostile()
    {
        var credentials = HostileNames.Select(name => Credential(name, 40, 30) with
        {
            Scope = name, HoldReason = name, HostName = [name], Database = name, Username = name,
        }).ToList();
        return Empty(Broken with { Message = HostileNames[0], Head = HostileNames[1] }) with
        {
            Title = HostileNames[1],
            Store = HostileNames[2],
            Credentials = credentials,
            Rotations =
            [
                .. credentials.Select(credential => Failed(credential, 1, RotationStage.Verify, RotationErrorCode.VerificationFailed, credential.Name)),
                .. credentials.Select(credential => Draining(credential, 2, credential.Name)),
                .. credentials.Select(credential => Done(credential, 3, 60, credential.Name)),
            ],
        };
    }

    public static DatabaseCredential Credential(string name, double days, double? interval) => new()
    {
        Id = Guid.NewGuid(),
        Name = name,
        DatabaseType = DatabaseType.PostgreSql,
        HostName = ["db1.example.net"],
        Port = 5432,
        Database = "app",
        Username = $"{name}_1f2e3d4c",
        Version = 7,
        RotationInterval = interval is { } length ? TimeSpan.FromDays(length) : null,
        CreatedAt = Now.AddDays(-400),
        LastRotatedAt = Now.AddDays(-days),
        NextRotationAt = interval is { } until ? Now.AddDays(until - days) : null,
    };

    public static RotationRecord Done(DatabaseCredential credential, double days, double drain, string? username = null)
    {
        var record = Record(credential, days, RotationState.Completed, username);
        return record with
        {
            FinishedAt = record.StartedAt.AddSeconds(drain + 1.4),
            Stages =
            [
                Stage(record, RotationStage.Prepare, 0.412),
                Stage(record, RotationStage.CreateLogin, 0.018),
                Stage(record, RotationStage.ClonePermissions, 0.044),
                Stage(record, RotationStage.Verify, 0.263) with { Details = new Dictionary<string, object?> { ["Endpoints"] = 2, ["Facts"] = 1214, ["Missing"] = 0 } },
                Stage(record, RotationStage.Publish, 0.031),
                Stage(record, RotationStage.Drain, drain),
                Stage(record, RotationStage.Retire, 0.22),
                Stage(record, RotationStage.Complete, 0.09) with { Details = new Dictionary<string, object?> { ["Facts"] = 1214, ["FactsFingerprint"] = username ?? "9f86d081884c7d659a2feaa0c55ad015" } },
            ],
        };
    }

    public static RotationRecord Failed(DatabaseCredential credential, double days, RotationStage at, RotationErrorCode code, string message)
    {
        var record = Record(credential, days, RotationState.RolledBack, null) with { ErrorCode = code, Message = message };
        return record with
        {
            FinishedAt = record.StartedAt.AddSeconds(1.1),
            Stages =
            [
                Stage(record, RotationStage.Prepare, 0.4),
                Stage(record, RotationStage.CreateLogin, 0.02),
                Stage(record, at, 0.2) with { Status = StageStatus.Failed, Message = message },
                Stage(record, RotationStage.CreateLogin, 0.05) with { Status = StageStatus.RolledBack },
            ],
        };
    }

    public static RotationRecord Draining(DatabaseCredential credential, double days, string? hostile = null)
    {
        var record = Record(credential, days, RotationState.Draining, hostile);
        return record with
        {
            Stages =
            [
                .. Done(credential, days, 1).Stages.Take(5),
                Stage(record, RotationStage.Drain, 900) with
                {
                    Status = StageStatus.Skipped,
                    Message = "After 900 s 'ledger_0aa1' still has 5 sessions.",
                    Details = new Dictionary<string, object?>
                    {
                        ["SessionsLeft"] = 5,
                        ["Holders"] = new object?[]
                        {
                            new Dictionary<string, object?> { ["Host"] = hostile ?? "10.4.1.17", ["Application"] = hostile ?? "ledger-batch", ["Endpoint"] = hostile, ["Sessions"] = 4 },
                            new Dictionary<string, object?> { ["Host"] = "10.4.1.22", ["Application"] = "", ["Endpoint"] = null, ["Sessions"] = 1 },
                        },
                    },
                },
            ],
        };
    }

    private static RotationRecord Record(DatabaseCredential credential, double days, RotationState state, string? username) => new()
    {
        RotationId = Guid.NewGuid(),
        CredentialId = credential.Id,
        Credential = credential.Name,
        DatabaseType = credential.DatabaseType,
        Kind = RotationKind.Rotation,
        State = state,
        OldUsername = username ?? $"{credential.Name}_51a0cf3e",
        NewUsername = username ?? credential.Username,
        FromVersion = 6,
        ToVersion = 7,
        StartedAt = Now.AddDays(-days),
        Runner = "nebula@runner1, process 4711",
    };

    private static StageResult Stage(RotationRecord record, RotationStage stage, double seconds) => new()
    {
        RotationId = record.RotationId,
        Credential = record.Credential,
        DatabaseType = record.DatabaseType,
        Stage = stage,
        Status = StageStatus.Succeeded,
        StartedAt = record.StartedAt,
        Duration = TimeSpan.FromSeconds(seconds),
        OldUsername = record.OldUsername,
        NewUsername = record.NewUsername,
        Message = "Done.",
    };
}
