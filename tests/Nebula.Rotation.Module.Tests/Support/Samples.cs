namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>One object of each type that cmdlets give, with something in every part of it.</summary>
internal static class Samples
{
    private static readonly Guid Id = Guid.Parse("11111111-aaaa-4aaa-8aaa-000000000001");
    private static readonly DateTimeOffset Time = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);

    private static readonly PublishTarget Target = new()
    {
        Id = Id, Credential = "orders", Kind = PublishTargetKind.EnvFile, Path = "/srv/a.env", Entries = new Dictionary<string, PublishFormat> { ["DB_URL"] = PublishFormat.Uri },
        Arguments = ["-x"], Options = new Dictionary<string, string> { ["Timeout"] = "7" },
    };

    private static readonly PermissionDifference Difference =
        new(PermissionDifference.ReferenceOnly, "orders_a", new() { Kind = "Privilege", Name = "SELECT", ObjectType = "TABLE", ObjectName = "public.items" });

    private static readonly StageResult Stage = new()
    {
        RotationId = Id, Credential = "orders", Scope = "eu", DatabaseType = DatabaseType.PostgreSql, Stage = RotationStage.Verify, Status = StageStatus.Succeeded, StartedAt = Time,
        Duration = TimeSpan.FromMilliseconds(1234), OldUsername = "orders_old", NewUsername = "orders_new", Message = "All facts are equal.", Details = new Dictionary<string, object?> { ["Facts"] = 7 },
    };

    private static readonly FleetResult Failure = new()
    {
        Credential = "orders", Scope = "eu", Outcome = FleetOutcome.Failed, RotationId = Id, ErrorCode = RotationErrorCode.VerificationFailed, Message = "It lacks a fact.", RecommendedAction = "Look.",
    };

    /// <summary>The objects, and what the view of each must show.</summary>
    public static readonly IReadOnlyDictionary<Type, (object Value, string Shows)> All = new Dictionary<Type, (object, string)>
    {
        [typeof(DatabaseCredential)] = (
            new DatabaseCredential
            {
                Id = Id, Name = "orders", Scope = "eu", DatabaseType = DatabaseType.PostgreSql, HostName = ["db1", "db2:5433"], Port = 5432, Database = "app", Username = "orders_old", Version = 3,
                AdminUsername = "root", AdminCredentialName = "server", RotationInterval = TimeSpan.FromDays(30), Schedule = "0 3 * * Sun", MaintenanceWindow = ["* 02:00-04:00"], Tag = ["prod"],
                PublishTargets = [Target], LastRotatedAt = DateTimeOffset.UtcNow.AddDays(-3), NextRotationAt = DateTimeOffset.UtcNow.AddDays(-2),
            },
            @"orders\s+PostgreSql\s+db1:5432,db2:5433\s+app\s+orders_old\s+3\s+3\.0 d ago\s+overdue 2\.0 d"),
        [typeof(PublishTarget)] = (Target, @"orders\s+EnvFile\s+/srv/a\.env -x\s+DB_URL=Uri\s+Timeout=7\s+11111111"),
        [typeof(PermissionDifference)] = (Difference, @"<=\s+orders_a\s+Privilege SELECT on TABLE public\.items"),
        [typeof(StageResult)] = (Stage, @"(?s)Rotation: orders: orders_old -> orders_new.*Verify\s+Succeeded\s+1\.2 s\s+All facts are equal\."),
        [typeof(RotationRecord)] = (
            new RotationRecord
            {
                RotationId = Id, CredentialId = Id, Credential = "orders", Scope = "eu", DatabaseType = DatabaseType.PostgreSql, Kind = RotationKind.Rotation, State = RotationState.RolledBack,
                OldUsername = "orders_old", NewUsername = "orders_new", FromVersion = 2, ToVersion = 3, StartedAt = Time, FinishedAt = Time.AddSeconds(90), RetainUntil = Time.AddDays(1), Runner = "host/1/me",
                ErrorCode = RotationErrorCode.VerificationFailed, Message = "It lacks a fact.", Reverses = Id, Stages = [Stage],
            },
            @"orders\s+Rotation\s+RolledBack\s+2026-05-0\d \d\d:\d\d\s+1\.5 min\s+orders_old\s+orders_new\s+VerificationFailed\s+11111111"),
        [typeof(RotationPlan)] = (Plans.Example("orders"), @"(?s)CanRotate\s+: False.*Blockers\s+: subscription s: Its owner.*Statements\s+: \[CreateLogin\] CREATE ROLE.*\[Retire, app\] REASSIGN"),
        [typeof(RotationSummary)] = (
            new RotationSummary { StartedAt = Time, Duration = TimeSpan.FromSeconds(90), Results = [Failure], NextRotationAt = DateTimeOffset.UtcNow.AddDays(-2) },
            @"(?s)Failed\s+: 1.*Took\s+: 1\.5 min.*NextDue\s+: overdue 2\.0 d.*Failures\s+: orders: VerificationFailed\. It lacks a fact\."),
        [typeof(FleetResult)] = (Failure, @"orders\s+Failed\s+VerificationFailed\s+It lacks a fact\."),
        [typeof(OwnershipChange)] = (
            new OwnershipChange
            {
                RotationId = Id, Credential = "orders", DatabaseType = DatabaseType.PostgreSql, Step = OwnershipStep.Move, Status = StageStatus.Succeeded, Database = "app", ObjectType = "TABLE",
                ObjectName = "public.items", OldOwner = "orders_old", NewOwner = "orders_owner", StartedAt = Time, Duration = TimeSpan.FromMilliseconds(12), Message = "TABLE public.items has moved.",
            },
            @"(?s)Ownership: orders: orders_old -> orders_owner.*Move\s+Succeeded\s+12 ms\s+app\s+TABLE public\.items has moved\."),
        [typeof(CredentialTestResult)] = (
            new CredentialTestResult
            {
                Name = "orders", Scope = "eu", DatabaseType = DatabaseType.PostgreSql, Endpoint = "db1:5432", Username = "orders_old", Succeeded = true, Latency = TimeSpan.FromMilliseconds(12), ServerVersion = "18.1",
                Message = "Well.", Drift = [Difference], StaleTargets = [Target], RecommendedAction = "Nothing.", ErrorCode = RotationErrorCode.AuthenticationFailed,
            },
            @"orders\s+db1:5432\s+orders_old\s+True\s+12 ms\s+Well\."),
        [typeof(OrphanLogin)] = (
            new OrphanLogin { Credential = "orders", Scope = "eu", DatabaseType = DatabaseType.PostgreSql, Username = "orders_x", CanLogIn = true, IsOurs = false, RotationId = Id, Reason = "A rotation left it." },
            @"orders\s+orders_x\s+no\s+yes\s+A rotation left it\."),
        [typeof(AuditEvent)] = (
            new AuditEvent
            {
                Sequence = 7, At = Time, Actor = "me@host/1", Action = AuditAction.StageEnded, CredentialId = Id, Credential = "orders", Scope = "eu", RotationId = Id, Outcome = "Succeeded",
                Details = new Dictionary<string, object?> { ["Facts"] = 7 }, Code = "AB12",
            },
            @"7\s+2026-05-0\d \d\d:\d\d:01\s+orders\s+StageEnded\s+Succeeded\s+me@host/1"),
        [typeof(AuditTrailResult)] = (
            new AuditTrailResult { IsIntact = false, Count = 9, Head = "9:AB", FirstBadSequence = 4, Message = "Entry 4 was edited." },
            @"(?s)IsIntact\s+: False.*Count\s+: 9.*FirstBadSequence\s+: 4.*Message\s+: Entry 4 was edited\..*Head\s+: 9:AB"),
        [typeof(StoreKeyChange)] = (
            new StoreKeyChange
            {
                Store = "/srv/a.db", Action = AuditAction.StoreKeyReplaced, KeySource = "a key file", KeyId = "1b", FormerKeyId = "0a", At = Time, Scopes = 2, EscrowPath = "/srv/key.cms", EscrowHolder = "CN=me", Message = "Replaced.",
            },
            @"(?s)Store\s+: /srv/a\.db.*FormerKeyId\s+: 0a.*At\s+: 2026-05-0\d.*Scopes\s+: 2.*Message\s+: Replaced\."),
        [typeof(StoreMove)] = (
            new StoreMove { Store = "/srv/a.db", Destination = "postgresql://h/d", Credentials = 2, Versions = 3, Rotations = 4, AuditEntries = 5, AuditHead = "5:AB", Message = "Copied." },
            @"(?s)Destination\s+: postgresql://h/d.*AuditEntries\s+: 5.*AuditHead\s+: 5:AB.*Message\s+: Copied\."),
    };
}
