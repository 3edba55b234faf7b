using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>Credentials, records and entries as tests of a store need them.</summary>
internal static class StoreSamples
{
    public static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(1);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static DatabaseCredential Credential(string name = "orders", string scope = DatabaseCredential.DefaultScope) => new()
    {
        Name = name,
        Scope = scope,
        DatabaseType = DatabaseType.PostgreSql,
        HostName = ["db1.example", "db2.example"],
        Port = 5432,
        Database = "orders",
        Username = "ignored",
        SslMode = SslMode.VerifyFull,
        CACertificate = "/etc/ca.pem",
        MaxConnections = 12,
        ConnectionTimeout = TimeSpan.FromSeconds(7),
        Strategy = RotationStrategy.AlternatingUsers,
        RotationInterval = TimeSpan.FromDays(30),
        KeepVersions = 3,
        KeepVersionsFor = TimeSpan.FromDays(90),
        RetainFor = TimeSpan.FromHours(2),
        MaintenanceWindow = ["Mon-Fri 00:00-24:00", "Sat,Sun 00:00-24:00"],
        TimeZone = "Europe/Zurich",
        UsernameTemplate = "{name}_{random}",
        PasswordPolicy = new PasswordPolicy { Length = 24, Symbols = "-_" },
        Option = new Dictionary<string, string> { ["SearchPath"] = "app, public" },
        Tag = ["team-a", "prod"],
        HoldReason = "freeze",
        PublishTargets =
        [
            new()
            {
                Id = new Guid("00000000-0000-0000-0000-0000000000a2"),
                Credential = name,
                Scope = scope,
                Kind = PublishTargetKind.JsonFile,
                Path = "/srv/app.json",
                Entries = new Dictionary<string, PublishFormat> { ["b:c"] = PublishFormat.AdoNet, ["a"] = PublishFormat.Port, ["A"] = PublishFormat.Host },
            },
            new()
            {
                Id = new Guid("00000000-0000-0000-0000-0000000000a1"),
                Credential = name,
                Scope = scope,
                Kind = PublishTargetKind.Command,
                Path = "/bin/tell",
                Arguments = ["--to", ""],
                Options = new Dictionary<string, string> { ["Timeout"] = "7" },
            },
        ],
    };

    public static Login Login(string username = "orders_a", string password = "first-password") => new(username, new Secret(password));

    public static RotationRecord Record(DatabaseCredential credential, int to = 2, RotationKind kind = RotationKind.Rotation, Guid? reverses = null) => new()
    {
        RotationId = Guid.NewGuid(),
        CredentialId = credential.Id,
        Credential = credential.Name,
        DatabaseType = credential.DatabaseType,
        Kind = kind,
        State = RotationState.Running,
        OldUsername = credential.Username,
        NewUsername = "orders_b",
        FromVersion = credential.Version,
        ToVersion = to,
        StartedAt = credential.CreatedAt,
        Runner = "host/1/user",
        Reverses = reverses,
    };

    public static StageResult Stage(RotationRecord record, RotationStage stage = RotationStage.CreateLogin, IReadOnlyDictionary<string, object?>? details = null) => new()
    {
        RotationId = record.RotationId,
        Credential = record.Credential,
        DatabaseType = record.DatabaseType,
        Stage = stage,
        Status = StageStatus.Succeeded,
        StartedAt = record.StartedAt,
        Duration = TimeSpan.FromMilliseconds(1234.5),
        OldUsername = record.OldUsername,
        NewUsername = record.NewUsername,
        Message = "Made the login 'orders_b'.",
        Details = details ?? new Dictionary<string, object?>(),
    };

    public static JournalEntry Entry(string step, JournalPhase phase = JournalPhase.Intent, string? data = null) =>
        new(RotationStage.CreateLogin, step, phase, new DateTimeOffset(2026, 1, 1, 12, 0, 1, TimeSpan.Zero), data);

    public static async Task<RotationException> RefusedAsync(RotationErrorCode code, Func<Task> action)
    {
        var exception = await Assert.ThrowsAsync<RotationException>(action);
        Assert.Equal(code, exception.Code);
        return exception;
    }

    /// <summary>A credential with an open rotation, and the lease that it runs under.</summary>
    public static async Task<(DatabaseCredential Credential, Lease Lease, RotationRecord Record)> BeginAsync(this ICredentialStore store, string name = "orders")
    {
        var credential = await store.AddAsync(Credential(name), Login(), null, Token);
        var lease = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        var record = Record(credential);
        await store.BeginRotationAsync(lease, record, "document"u8.ToArray(), Token);
        return (credential, lease, record);
    }
}
