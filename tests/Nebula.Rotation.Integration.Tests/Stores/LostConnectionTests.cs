using Nebula.Rotation.Engine.Tests.Stores;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores.PostgreSql;
using Nebula.Rotation.TestServers;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>Connections are lost at the worst moments: what the caller is told is what the store holds.</summary>
public sealed class LostConnectionTests(SharedPostgres postgres)
{
    public static TheoryData<string> Cuts => [.. Enum.GetNames<Cut>()];

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task The_commit_point_has_happened_once_when_its_connection_is_cut(string cut)
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var cutter = new CommitCutter(home.Database.Server.Host, home.Database.Server.Port);
        await using var store = await home.OpenAsync(port: cutter.Port);
        var (credential, lease, record) = await store.BeginAsync();

        cutter.Arm(Enum.Parse<Cut>(cut));
        await store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);

        Assert.Equal(1, cutter.Cuts);
        await using var other = await home.OpenAsync();
        var live = await other.GetCurrentLoginAsync(credential.Id, Token);
        Assert.Equal((2, "orders_b", "second"), (live.Version, live.Login.Username, live.Login.Password.Reveal()));
        Assert.Equal(RotationState.Draining, (await other.ReadRotationAsync(record.RotationId, Token))!.Record.State);
        Assert.Single(await other.ListAuditAsync(new() { Actions = [AuditAction.VersionPublished] }, Token));
        Assert.True((await other.CheckAuditAsync(null, Token)).IsIntact);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task Every_other_write_has_happened_once_too(string cut)
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var cutter = new CommitCutter(home.Database.Server.Host, home.Database.Server.Port);
        await using var store = await home.OpenAsync(port: cutter.Port);
        async Task Cutting(Func<Task> write)
        {
            var before = cutter.Cuts;
            cutter.Arm(Enum.Parse<Cut>(cut));
            await write();
            Assert.Equal(before + 1, cutter.Cuts);
        }

        await Cutting(() => store.AddAsync(Credential(), Login(), Login("boss", "x"), Token));
        var credential = (await store.FindAsync("orders", "global", Token))!;
        var lease = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        var record = Record(credential);
        await Cutting(() => store.BeginRotationAsync(lease, record, "document"u8.ToArray(), Token));
        await Cutting(() => store.AppendJournalAsync(lease, record.RotationId, Entry("create", data: "secret"), Token));
        await Cutting(() => store.WriteDocumentAsync(lease, record.RotationId, "other"u8.ToArray(), Token));
        await Cutting(() => store.AppendStageAsync(lease, Stage(record), Token));
        await Cutting(() => store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token));
        await store.ReleaseLeaseAsync(lease, Token);
        await Cutting(() => store.UpdateAsync(credential with { Port = 6000 }, null, null, Token));
        var journal = (await store.ReadRotationAsync(record.RotationId, Token))!;
        Assert.Equal("create", Assert.Single(journal.Entries).Step);
        Assert.Equal("other"u8.ToArray(), journal.Document.ToArray());
        Assert.Single(journal.Record.Stages);
        Assert.Equal(2, (await store.FindAsync("orders", "global", Token))!.Revision);
        await Cutting(() => store.RemoveAsync(credential.Id, Token));

        var trail = await store.CheckAuditAsync(null, Token);
        Assert.True(trail.IsIntact, trail.Message);
        Assert.Equal(6, trail.Count);
    }

    [Fact]
    public async Task A_store_that_cannot_be_asked_is_said_to_be_unknown_and_not_to_have_failed()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var cutter = new CommitCutter(home.Database.Server.Host, home.Database.Server.Port) { RefusesAfterwards = true };
        var database = new PostgreSqlDatabase(home.Connect(port: cutter.Port), "the store", TimeProvider.System, false) { Patience = TimeSpan.FromMilliseconds(300) };
        await using (await home.OpenAsync())
        {
            cutter.Arm(Cut.AfterCommit);
            var exception = await RefusedAsync(RotationErrorCode.StoreOutcomeUnknown, () => database.WriteAsync(
                async session =>
                {
                    await session.SendAsync("INSERT INTO meta (key, value) VALUES ('x', $value)", ("$value", new byte[] { 1 }));
                    session.ProveBy(("SELECT 1 FROM meta WHERE key = $key", [("$key", "store-id")]), ("SELECT 1 FROM meta WHERE key = $key", [("$key", "x")]));
                    return true;
                },
                Token));
            Assert.Contains("is not known", exception.Message, StringComparison.Ordinal);
        }

        await database.DisposeAsync();
        Assert.Equal(["1"], await home.AskAsync("SELECT count(*) FROM nebula.meta WHERE key = 'x'"));
    }

    [Fact]
    public async Task A_server_that_is_started_again_is_waited_for_and_nothing_is_lost()
    {
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: Token), Assert.Skip);
        await using var home = await StoreHome.CreateAsync(await TestDatabase.CreateAsync(server, null));
        await using var store = await home.OpenAsync();
        var (credential, lease, record) = await store.BeginAsync();
        foreach (var mode in new[] { PostgresStopMode.Fast, PostgresStopMode.Immediate })
        {
            await server.StopAsync(mode, Token);
            var write = store.AppendJournalAsync(lease, record.RotationId, Entry(mode.ToString()), Token);
            var read = store.GetCurrentLoginAsync(credential.Id, Token);
            await server.StartAgainAsync(Token);
            await write;
            Assert.Equal(1, (await read).Version);
        }

        Assert.Equal(["Fast", "Immediate"], (await store.ReadRotationAsync(record.RotationId, Token))!.Entries.Select(entry => entry.Step));
        Assert.True((await store.CheckAuditAsync(null, Token)).IsIntact);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said_at_once()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        var began = TimeProvider.System.GetTimestamp();
        var exception = await RefusedAsync(RotationErrorCode.StoreUnavailable, () => home.OpenAsync(port: 1));
        Assert.DoesNotContain("store-Login", exception.ToString(), StringComparison.Ordinal);
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(18), "as long as a store that was there is waited for");
    }
}
