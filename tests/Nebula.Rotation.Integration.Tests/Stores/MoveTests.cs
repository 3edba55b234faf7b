using Nebula.Rotation.Engine.Tests.Stores;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using Nebula.Rotation.Stores.Tables;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>A store is moved: everything arrives, sealed anew, and the old one is not used by mistake.</summary>
public sealed class MoveTests(SharedPostgres postgres) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-move-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task From_a_file_to_a_server_and_back_everything_arrives()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        string head;
        DatabaseCredential credential;
        await using (var file = await OpenAsync("a.db"))
        {
            credential = await FillAsync(file);
            head = (await file.CheckAuditAsync(null, Token)).Head;
            await using var shared = await home.OpenAsync();
            var move = await file.MoveToAsync(shared, Token);
            Assert.Equal((2, 3, 1, 11), (move.Credentials, move.Versions, move.Rotations, move.AuditEntries));
            await AssertArrivedAsync(shared, credential, head);
            await RefusedAsync(RotationErrorCode.StoreUnavailable, () => file.AddAsync(Credential("late"), Login(), null, Token));
        }

        await using (var again = await OpenAsync("a.db"))
        {
            var exception = Assert.Throws<RotationException>(again.RequireInUse);
            Assert.Contains(home.Login, exception.Message, StringComparison.Ordinal);
            Assert.Equal("first-password", (await again.GetLoginAsync(credential.Id, 1, Token))!.Password.Reveal());
        }

        await using var server = await home.OpenAsync();
        server.RequireInUse();
        await using var back = await OpenAsync("b.db");
        await server.MoveToAsync(back, Token);
        await AssertArrivedAsync(back, credential, head);
        Assert.NotNull((await home.OpenAsync()).MovedTo);

        // What is written next goes on with the numbers and the trail.
        var lease = await back.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        Assert.Equal(2, lease.Fence);
        await back.BeginRotationAsync(lease, Record((await back.FindAsync("orders", "global", Token))!, to: 3), "d"u8.ToArray(), Token);
        Assert.True((await back.CheckAuditAsync(head, Token)).IsIntact);
    }

    [Fact]
    public async Task A_store_with_an_open_rotation_or_a_held_lease_stays_where_it_is()
    {
        await using var file = await OpenAsync("a.db");
        await using var target = await OpenAsync("b.db");
        var (_, lease, record) = await file.BeginAsync();
        await RefusedAsync(RotationErrorCode.RotationOpen, () => file.MoveToAsync(target, Token));
        await file.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token);
        await RefusedAsync(RotationErrorCode.LeaseHeld, () => file.MoveToAsync(target, Token));
        await file.ReleaseLeaseAsync(lease, Token);
        await file.MoveToAsync(target, Token);
        Assert.Single(await target.ListAsync(new(), Token));
    }

    [Fact]
    public async Task A_destination_that_was_in_use_is_refused_and_nothing_is_changed()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var file = await OpenAsync("a.db");
        await FillAsync(file);
        await using var shared = await home.OpenAsync();
        await shared.AddAsync(Credential("mine"), Login(), null, Token);

        await RefusedAsync(RotationErrorCode.InvalidArgument, () => file.MoveToAsync(shared, Token));
        Assert.Single(await shared.ListAsync(new(), Token));
        await file.AddAsync(Credential("more"), Login(), null, Token);
    }

    [Fact]
    public async Task A_move_that_died_before_the_source_was_marked_is_finished_by_the_next()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using (var file = await OpenAsync("a.db"))
            await FillAsync(file);
        foreach (var part in Directory.GetFiles(_folder.FullName, "a.db*"))
            File.Copy(part, part + ".before");
        await using var shared = await home.OpenAsync();
        await using (var file = await OpenAsync("a.db"))
            await file.MoveToAsync(shared, Token);
        foreach (var part in Directory.GetFiles(_folder.FullName, "*.before"))
            File.Move(part, part[..^".before".Length], overwrite: true);

        await using var revived = await OpenAsync("a.db");
        Assert.Null(revived.MovedTo);
        var move = await revived.MoveToAsync(shared, Token);
        Assert.Contains("earlier run", move.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await shared.ListAsync(new(), Token)).Count);
        Assert.Contains("before", (await revived.MoveToAsync(shared, Token)).Message, StringComparison.Ordinal);
    }

    private static async Task<DatabaseCredential> FillAsync(TableStore store)
    {
        var (credential, lease, record) = await store.BeginAsync();
        await store.AppendJournalAsync(lease, record.RotationId, Entry("create", data: "journal-secret"), Token);
        await store.AppendStageAsync(lease, Stage(record), Token);
        await store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second-password"), Token);
        await store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.Completed }, Token);
        await store.ReleaseLeaseAsync(lease, Token);
        await store.AddAsync(Credential("cache", "Team"), Login(password: "team-password"), Login("boss", "admin-password"), Token);
        for (var number = 0; number < 5; number++)
            credential = await store.UpdateAsync((await store.FindAsync("orders", "global", Token))! with { Port = 6000 + number }, null, null, Token);
        return credential;
    }

    private static async Task AssertArrivedAsync(TableStore store, DatabaseCredential credential, string head)
    {
        Assert.Equivalent(credential, await store.FindAsync("orders", "global", Token));
        Assert.Equal("second-password", (await store.GetCurrentLoginAsync(credential.Id, Token)).Login.Password.Reveal());
        Assert.Equal("first-password", (await store.GetLoginAsync(credential.Id, 1, Token))!.Password.Reveal());
        var other = (await store.FindAsync("cache", "team", Token))!;
        Assert.Equal(("boss", "admin-password"), ((await store.GetAdminLoginAsync(other.Id, Token))!.Username, (await store.GetAdminLoginAsync(other.Id, Token))!.Password.Reveal()));
        var rotation = Assert.Single(await store.ListRotationsAsync(new(), Token));
        var journal = (await store.ReadRotationAsync(rotation.RotationId, Token))!;
        Assert.Equal("document"u8.ToArray(), journal.Document.ToArray());
        Assert.Equal("journal-secret", Assert.Single(journal.Entries).Data);
        Assert.Single(journal.Record.Stages);
        var trail = await store.CheckAuditAsync(head, Token);
        Assert.True(trail.IsIntact, trail.Message);
        Assert.Contains((await store.ListAuditAsync(new(), Token)), entry => entry.Action == AuditAction.StoreMoved);
    }

    private Task<SqliteCredentialStore> OpenAsync(string name) => SqliteCredentialStore.OpenAsync(
        Path.Combine(_folder.FullName, name), new KeyFileProvider(), TimeProvider.System, createIfMissing: true, Token);
}
