using System.Diagnostics;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Leases;
using Nebula.Rotation.Stores.Sqlite;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>What is left when a runner dies.</summary>
public sealed class SqliteDurabilityTests : SqliteFixture
{
    [Fact]
    public async Task What_a_completed_write_said_is_in_the_files_at_once()
    {
        await using var store = await OpenAsync();
        var (credential, lease, record) = await store.BeginAsync();
        await store.AppendJournalAsync(lease, record.RotationId, Entry("create", data: "needed for undo"), Token);
        await store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);
        await using var copy = await OpenAsync(CopyFolder(), create: false);

        Assert.Equal("second", (await copy.GetCurrentLoginAsync(credential.Id, Token)).Login.Password.Reveal());
        var journal = (await copy.ReadRotationAsync(record.RotationId, Token))!;
        Assert.Equal(RotationState.Draining, journal.Record.State);
        Assert.Equal("needed for undo", Assert.Single(journal.Entries).Data);
        Assert.Equal("document"u8.ToArray(), journal.Document.ToArray());
    }

    [Fact]
    public async Task What_was_not_committed_is_not_there()
    {
        await using var store = await OpenAsync();
        var (credential, lease, record) = await store.BeginAsync();
        string? copyPath = null;
        await store.Database.WriteAsync(
            session =>
            {
                session.Execute("UPDATE credentials SET version = 2, username = 'orders_b'");
                copyPath = CopyFolder();
            },
            Token);
        await using var copy = await OpenAsync(copyPath, create: false);

        Assert.Equal((1, "orders_a"), await LiveAsync(copy, credential.Id));
        Assert.Equal(RotationState.Running, (await copy.ReadRotationAsync(record.RotationId, Token))!.Record.State);
        Assert.Equal(1, lease.Fence);
    }

    [Fact]
    public async Task A_write_that_fails_half_way_leaves_nothing()
    {
        await using var store = await OpenAsync();
        var (credential, lease, record) = await store.BeginAsync();
        Meddle("CREATE TRIGGER breaks BEFORE UPDATE OF state ON rotations BEGIN SELECT raise(ABORT, 'broken on purpose'); END");
        await RefusedAsync(
            RotationErrorCode.StoreUnavailable, () => store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token));
        await RefusedAsync(
            RotationErrorCode.StoreUnavailable, () => store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token));

        Assert.Equal((1, "orders_a"), await LiveAsync(store, credential.Id));
        Assert.Equal(1, await store.GetLastVersionAsync(credential.Id, Token));
    }

    [Fact]
    public async Task A_scope_whose_making_was_rolled_back_leaves_no_key_behind()
    {
        await using var store = await OpenAsync();
        Meddle("CREATE TRIGGER breaks BEFORE INSERT ON versions BEGIN SELECT raise(ABORT, 'broken on purpose'); END");
        await RefusedAsync(RotationErrorCode.StoreUnavailable, () => store.AddAsync(Credential(scope: "first"), Login(), null, Token));
        Meddle("DROP TRIGGER breaks");

        // Another runner's scope gets the number that the lost one had.
        await using var other = await OpenAsync();
        var added = await other.AddAsync(Credential(scope: "second"), Login(), null, Token);
        Assert.Equal("first-password", (await store.GetCurrentLoginAsync(added.Id, Token)).Login.Password.Reveal());
    }

    [Theory]
    [InlineData("alive", false)]
    [InlineData("killed", true)]
    [InlineData("number given again", true)]
    [InlineData("after a reboot or in another container", false)]
    [InlineData("on another machine", false)]
    [InlineData("not understood", false)]
    public async Task A_lease_is_taken_over_at_once_only_when_its_holder_is_certainly_gone(string holder, bool taken)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs sleep(1)");
        using var child = Process.Start("sleep", ["1000"]);
        try
        {
            // What this process's owner text would be, had the child written it.
            var start = (await File.ReadAllTextAsync($"/proc/{child.Id}/stat", Token)).Split(' ')[21];
            var owner = LeaseOwner.Current() with { ProcessId = child.Id, ProcessStart = start };
            if (holder != "alive" && holder != "number given again")
            {
                child.Kill();
                await child.WaitForExitAsync(Token);
            }

            owner = holder switch
            {
                "number given again" => owner with { ProcessStart = "1" },
                "after a reboot or in another container" => owner with { Boot = "other" },
                "on another machine" => owner with { Machine = "other" },
                _ => owner,
            };
            await using var store = await OpenAsync();
            var (credential, lost, record) = await store.BeginAsync();
            Meddle("UPDATE leases SET owner = $owner", ("$owner", holder == "not understood" ? "somebody" : owner.ToString()));
            if (!taken)
            {
                await RefusedAsync(RotationErrorCode.LeaseHeld, () => store.AcquireLeaseAsync(credential.Id, LeaseTime, Token));
                return;
            }

            var lease = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
            Assert.Equal(lost.Fence + 1, lease.Fence);
            await store.AppendJournalAsync(lease, record.RotationId, Entry("resumed"), Token);
        }
        finally
        {
            if (!child.HasExited)
                child.Kill();
        }
    }

    [Fact]
    public async Task A_lease_that_could_not_be_given_back_is_not_waited_for_in_the_same_process()
    {
        await using var store = await OpenAsync();
        var (credential, lease, record) = await store.BeginAsync();
        store.Database.Bare(static session => session.Scalar("PRAGMA query_only = ON"));
        await RefusedAsync(RotationErrorCode.StoreUnavailable, () => store.ReleaseLeaseAsync(lease, Token));
        store.Database.Bare(static session => session.Scalar("PRAGMA query_only = OFF"));

        var next = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        Assert.Equal(lease.Fence + 1, next.Fence);
        await RefusedAsync(RotationErrorCode.LeaseLost, () => store.AppendJournalAsync(lease, record.RotationId, Entry("late"), Token));
        await RefusedAsync(RotationErrorCode.LeaseHeld, () => store.AcquireLeaseAsync(credential.Id, LeaseTime, Token));
    }

    [Fact]
    public void An_owner_reads_back_as_written()
    {
        var owner = LeaseOwner.Current();

        Assert.Equal(owner, LeaseOwner.Parse(owner.ToString()));
        Assert.NotEqual(owner, LeaseOwner.Current());
        Assert.False(owner.IsGone());
        Assert.Null(LeaseOwner.Parse("a/b/c"));
        Assert.Null(LeaseOwner.Parse("a/b/minus/d/e"));
    }

    private static async Task<(int Version, string Username)> LiveAsync(SqliteCredentialStore store, Guid id)
    {
        var live = await store.GetCurrentLoginAsync(id, Token);
        return (live.Version, live.Login.Username);
    }
}
