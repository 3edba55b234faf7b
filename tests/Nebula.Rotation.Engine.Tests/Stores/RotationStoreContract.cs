using Nebula.Rotation.Stores;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>What every store does: leases, fences, the commit point, records and journals.</summary>
public abstract class RotationStoreContract : CredentialStoreContract
{
    [Fact]
    public async Task A_held_lease_is_refused_with_its_holder_expiry_and_what_to_do()
    {
        var credential = await Store.AddAsync(Credential(), Login(), null, Token);
        await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        await using var other = await OpenAsync();
        var exception = await RefusedAsync(RotationErrorCode.LeaseHeld, () => other.AcquireLeaseAsync(credential.Id, LeaseTime, Token));

        Assert.Contains($"process {Environment.ProcessId} on {Environment.MachineName}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("2026-01-01 12:01:00Z", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Resume-NebulaRotation -Name 'orders'", exception.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_runners_exactly_one_gets_the_lease()
    {
        var credential = await Store.AddAsync(Credential(), Login(), null, Token);
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync()));
        var results = await Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            try
            {
                return await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
            }
            catch (RotationException exception) when (exception.Code == RotationErrorCode.LeaseHeld)
            {
                return null;
            }
        })));

        Assert.Single(results, static lease => lease is not null);
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task A_lease_given_back_can_be_taken_with_a_larger_fence()
    {
        var credential = await Store.AddAsync(Credential(), Login(), null, Token);
        var first = await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        await Store.ReleaseLeaseAsync(first, Token);
        await Store.ReleaseLeaseAsync(first, Token);
        var second = await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);

        Assert.True(second.Fence > first.Fence);
        Assert.NotEqual(first.Owner, second.Owner);
        await Store.ReleaseLeaseAsync(first, Token);
        await RefusedAsync(RotationErrorCode.LeaseHeld, () => Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token));
    }

    [Fact]
    public async Task A_renewed_lease_lasts_from_the_renewal_on()
    {
        var credential = await Store.AddAsync(Credential(), Login(), null, Token);
        var lease = await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        Time.Advance(LeaseTime / 2);
        await Store.RenewLeaseAsync(lease, LeaseTime, Token);
        Time.Advance(LeaseTime * 0.9);

        await RefusedAsync(RotationErrorCode.LeaseHeld, () => Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token));
        Time.Advance(LeaseTime * 0.1);
        await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        await RefusedAsync(RotationErrorCode.LeaseLost, () => Store.RenewLeaseAsync(lease, LeaseTime, Token));
    }

    [Fact]
    public async Task Whether_a_lease_lasts_for_long_enough_is_told_without_renewing_it()
    {
        var credential = await Store.AddAsync(Credential(), Login(), null, Token);
        var lease = await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);

        Assert.True(await Store.HoldsLeaseAsync(lease, LeaseTime, Token));
        Time.Advance(LeaseTime / 2);
        Assert.True(await Store.HoldsLeaseAsync(lease, LeaseTime / 2, Token));
        Assert.False(await Store.HoldsLeaseAsync(lease, LeaseTime * 0.51, Token));
        Time.Advance(LeaseTime);
        Assert.False(await Store.HoldsLeaseAsync(lease, TimeSpan.Zero, Token));
        var next = await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        Assert.False(await Store.HoldsLeaseAsync(lease, TimeSpan.Zero, Token));
        Assert.True(await Store.HoldsLeaseAsync(next, LeaseTime, Token));
    }

    [Fact]
    public async Task After_a_takeover_every_write_of_the_former_runner_is_refused_and_changes_nothing()
    {
        var (credential, lost, record) = await Store.BeginAsync();
        await using var other = await OpenAsync();
        Time.Advance(LeaseTime);

        // Merely over: nobody else has begun, so the write still counts.
        await Store.AppendJournalAsync(lost, record.RotationId, Entry("late"), Token);
        var taken = await other.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        Func<Task>[] writes =
        [
            () => Store.RenewLeaseAsync(lost, LeaseTime, Token),
            () => Store.BeginRotationAsync(lost, Record(credential), default, Token),
            () => Store.WriteDocumentAsync(lost, record.RotationId, "other"u8.ToArray(), Token),
            () => Store.AppendJournalAsync(lost, record.RotationId, Entry("never"), Token),
            () => Store.AppendStageAsync(lost, Stage(record), Token),
            () => Store.PublishVersionAsync(lost, record.RotationId, 2, Login("orders_b", "second"), Token),
            () => Store.SetStateAsync(lost, record.RotationId, new() { State = RotationState.RolledBack }, Token),
            () => Store.EraseSecretAsync(lost, 1, Token),
        ];
        foreach (var write in writes)
            await RefusedAsync(RotationErrorCode.LeaseLost, write);
        await Store.ReleaseLeaseAsync(lost, Token);

        var journal = (await other.ReadRotationAsync(record.RotationId, Token))!;
        Assert.Equal(RotationState.Running, journal.Record.State);
        Assert.Equal("document"u8.ToArray(), journal.Document.ToArray());
        Assert.Equal("late", Assert.Single(journal.Entries).Step);
        Assert.Empty(journal.Record.Stages);
        Assert.Equal(1, (await other.GetCurrentLoginAsync(credential.Id, Token)).Version);
        await other.PublishVersionAsync(taken, record.RotationId, 2, Login("orders_b", "second"), Token);
    }

    [Fact]
    public async Task A_fence_that_was_guessed_is_not_enough()
    {
        var (_, lease, record) = await Store.BeginAsync();

        await RefusedAsync(
            RotationErrorCode.LeaseLost, () => Store.AppendJournalAsync(lease with { Owner = "somebody" }, record.RotationId, Entry("a"), Token));
        await RefusedAsync(
            RotationErrorCode.LeaseLost, () => Store.AppendJournalAsync(lease with { Fence = lease.Fence + 1 }, record.RotationId, Entry("a"), Token));
    }

    [Fact]
    public async Task A_lease_writes_its_own_credentials_rotations_only()
    {
        var (_, lease, _) = await Store.BeginAsync("one");
        var (_, _, foreign) = await Store.BeginAsync("two");

        await RefusedAsync(RotationErrorCode.RotationNotFound, () => Store.AppendJournalAsync(lease, foreign.RotationId, Entry("a"), Token));
        await RefusedAsync(RotationErrorCode.RotationNotFound, () => Store.PublishVersionAsync(lease, foreign.RotationId, 2, Login(), Token));
        await RefusedAsync(RotationErrorCode.RotationNotFound, () => Store.AppendStageAsync(lease, Stage(foreign), Token));
        await RefusedAsync(RotationErrorCode.InvalidArgument, () => Store.BeginRotationAsync(lease, foreign, default, Token));
    }

    [Fact]
    public async Task Publishing_flips_version_user_name_time_and_state_together()
    {
        var (credential, lease, record) = await Store.BeginAsync();
        Time.Advance(TimeSpan.FromSeconds(20));
        await Store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);
        await using var other = await OpenAsync();
        var found = (await other.FindAsync("orders", "global", Token))!;
        var live = await other.GetCurrentLoginAsync(credential.Id, Token);

        Assert.Equal(2, found.Version);
        Assert.Equal("orders_b", found.Username);
        Assert.Equal(Time.GetUtcNow(), found.LastRotatedAt);
        Assert.True(found.Revision > credential.Revision);
        Assert.Equal((2, "orders_b", "second"), (live.Version, live.Login.Username, live.Login.Password.Reveal()));
        Assert.Equal("first-password", (await other.GetLoginAsync(credential.Id, 1, Token))!.Password.Reveal());
        Assert.Equal(2, await other.GetLastVersionAsync(credential.Id, Token));
        Assert.Equal(RotationState.Draining, (await other.ReadRotationAsync(record.RotationId, Token))!.Record.State);
        Assert.Single(await other.ListAsync(new() { DueAt = Time.GetUtcNow() + TimeSpan.FromDays(30) }, Token));
        Assert.Empty(await other.ListAsync(new() { DueAt = Time.GetUtcNow() + TimeSpan.FromDays(29) }, Token));
    }

    [Fact]
    public async Task Publishing_again_after_a_crash_changes_nothing_but_the_revision()
    {
        var (_, lease, record) = await Store.BeginAsync();
        await Store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);
        var first = await Store.FindAsync("orders", "global", Token);
        Time.Advance(TimeSpan.FromSeconds(5));
        await Store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);

        Assert.Equivalent(first! with { Revision = first.Revision + 1 }, await Store.FindAsync("orders", "global", Token));
    }

    [Fact]
    public async Task A_credential_has_at_most_one_open_rotation()
    {
        var (credential, lease, record) = await Store.BeginAsync();
        foreach (var state in new[] { RotationState.Running, RotationState.Draining, RotationState.RollbackFailed })
        {
            await Store.SetStateAsync(lease, record.RotationId, new() { State = state }, Token);
            var exception = await RefusedAsync(RotationErrorCode.RotationOpen, () => Store.BeginRotationAsync(lease, Record(credential), default, Token));
            Assert.Contains(record.RotationId.ToString(), exception.Message, StringComparison.Ordinal);
        }

        await Store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token);
        await Store.BeginRotationAsync(lease, Record(credential), default, Token);
        await RefusedAsync(
            RotationErrorCode.RotationOpen, () => Store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.Running }, Token));
    }

    [Fact]
    public async Task A_rotation_that_begins_at_a_version_that_is_no_longer_live_is_refused()
    {
        var credential = await Store.AddAsync(Credential(), Login(), null, Token);
        var lease = await Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);

        await RefusedAsync(
            RotationErrorCode.CredentialChanged, () => Store.BeginRotationAsync(lease, Record(credential) with { FromVersion = 7 }, default, Token));
    }

    [Fact]
    public async Task A_closed_rotation_publishes_nothing()
    {
        var (_, lease, record) = await Store.BeginAsync();
        await Store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token);

        await RefusedAsync(RotationErrorCode.InvalidArgument, () => Store.PublishVersionAsync(lease, record.RotationId, 2, Login("b", "c"), Token));
    }

    [Fact]
    public async Task Document_and_journal_come_back_in_order()
    {
        var (_, lease, record) = await Store.BeginAsync();
        JournalEntry[] entries = [Entry("create", data: "{\"password\":\"geheim\"}"), Entry("create", JournalPhase.Done), Entry("move \"a b\"", data: string.Empty)];
        foreach (var entry in entries)
            await Store.AppendJournalAsync(lease, record.RotationId, entry, Token);
        await Store.WriteDocumentAsync(lease, record.RotationId, new byte[] { 0, 255, 1 }, Token);
        await using var other = await OpenAsync();
        var journal = (await other.ReadRotationAsync(record.RotationId, Token))!;

        Assert.Equal(entries, journal.Entries);
        Assert.Equal(new byte[] { 0, 255, 1 }, journal.Document.ToArray());
        Assert.Equivalent(record, journal.Record);
        Assert.Null(await other.ReadRotationAsync(Guid.NewGuid(), Token));
    }

    [Fact]
    public async Task A_state_is_written_with_what_goes_with_it()
    {
        var (_, lease, record) = await Store.BeginAsync();
        var now = Time.GetUtcNow();
        await Store.SetStateAsync(
            lease,
            record.RotationId,
            new() { State = RotationState.Retained, FinishedAt = now, RetainUntil = now + LeaseTime, ErrorCode = RotationErrorCode.DrainTimedOut, Message = "late", Runner = "other/2" },
            Token);
        Assert.Equivalent(
            record with { State = RotationState.Retained, FinishedAt = now, RetainUntil = now + LeaseTime, ErrorCode = RotationErrorCode.DrainTimedOut, Message = "late", Runner = "other/2" },
            Assert.Single(await Store.ListRotationsAsync(new(), Token)));

        await Store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.Completed, FinishedAt = now }, Token);
        Assert.Equivalent(
            record with { State = RotationState.Completed, FinishedAt = now, Runner = "other/2" }, Assert.Single(await Store.ListRotationsAsync(new(), Token)));
    }

    [Fact]
    public async Task An_undo_marks_what_it_reverses_in_the_step_that_begins_it()
    {
        var (_, lease, record) = await Store.BeginAsync();
        await Store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);
        var found = (await Store.FindAsync("orders", "global", Token))!;
        var undo = Record(found, to: 1, RotationKind.Undo, record.RotationId);
        await Store.BeginRotationAsync(lease, undo, default, Token);
        await Store.PublishVersionAsync(lease, undo.RotationId, 1, Login("orders_a", "first-password"), Token);
        await Store.SetStateAsync(lease, undo.RotationId, new() { State = RotationState.Completed }, Token);

        var records = await Store.ListRotationsAsync(new(), Token);
        Assert.Equal([RotationState.Completed, RotationState.Undone], records.Select(static item => item.State));
        Assert.Equal(record.RotationId, records[0].Reverses);
        Assert.Equal("orders_a", (await Store.GetCurrentLoginAsync(found.Id, Token)).Login.Username);
        Assert.Equal(2, await Store.GetLastVersionAsync(found.Id, Token));
    }

    [Fact]
    public async Task An_undo_that_fails_puts_what_it_reversed_back_in_one_step()
    {
        var (_, lease, record) = await Store.BeginAsync();
        await Store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);
        var until = Time.GetUtcNow() + LeaseTime;
        await Store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.Retained, RetainUntil = until }, Token);
        var found = (await Store.FindAsync("orders", "global", Token))!;
        var undo = Record(found, to: 1, RotationKind.Undo, record.RotationId);
        await Store.BeginRotationAsync(lease, undo, default, Token);

        await RefusedAsync(
            RotationErrorCode.RotationNotFound,
            () => Store.SetStateAsync(
                lease, undo.RotationId, new() { State = RotationState.RolledBack, Reopen = Guid.NewGuid(), ReopenState = RotationState.Retained }, Token));
        Assert.Equal(RotationState.Running, (await Store.ListRotationsAsync(new() { RotationId = undo.RotationId }, Token))[0].State);

        await Store.SetStateAsync(
            lease, undo.RotationId, new() { State = RotationState.RolledBack, Reopen = record.RotationId, ReopenState = RotationState.Retained }, Token);
        var reopened = Assert.Single(await Store.ListRotationsAsync(new() { RotationId = record.RotationId }, Token));
        Assert.Equal(RotationState.Retained, reopened.State);
        Assert.Equal(until, reopened.RetainUntil);
    }

    [Fact]
    public async Task Stages_come_back_in_order_with_their_details()
    {
        var (_, lease, record) = await Store.BeginAsync();
        var details = new Dictionary<string, object?>
        {
            ["facts"] = 12, ["big"] = 5_000_000_000L, ["ratio"] = 0.5, ["done"] = true, ["none"] = null, ["text"] = "ü \" \\",
            ["list"] = new object?[] { "a", 1 }, ["map"] = new Dictionary<string, object?> { ["x"] = 1 },
        };
        await Store.AppendStageAsync(lease, Stage(record, RotationStage.Prepare, details), Token);
        await Store.AppendStageAsync(lease, Stage(record), Token);
        var stages = Assert.Single(await Store.ListRotationsAsync(new(), Token)).Stages;

        Assert.Equivalent(new[] { Stage(record, RotationStage.Prepare, details), Stage(record) }, stages, strict: true);
        Assert.IsType<int>(stages[0].Details["facts"]);
    }

    [Fact]
    public async Task A_detail_that_is_a_secret_is_stored_as_asterisks()
    {
        var (_, lease, record) = await Store.BeginAsync();
        await Store.AppendStageAsync(lease, Stage(record, details: new Dictionary<string, object?> { ["oops"] = new Secret("canary") }), Token);

        Assert.Equal("***", (await Store.ListRotationsAsync(new(), Token))[0].Stages[0].Details["oops"]);
    }

    [Fact]
    public async Task Rotations_are_listed_newest_first_and_by_name_scope_state_and_number()
    {
        var (one, lease, first) = await Store.BeginAsync("one");
        await Store.SetStateAsync(lease, first.RotationId, new() { State = RotationState.RolledBack }, Token);
        var second = Record(one);
        await Store.BeginRotationAsync(lease, second, default, Token);
        var (_, _, third) = await Store.BeginAsync("a[b]");

        async Task<Guid[]> Ids(RotationFilter filter) => [.. (await Store.ListRotationsAsync(filter, Token)).Select(static record => record.RotationId)];

        Assert.Equal([third.RotationId, second.RotationId, first.RotationId], await Ids(new()));
        Assert.Equal([second.RotationId, first.RotationId], await Ids(new() { Name = "ONE", Scope = "Global" }));
        Assert.Equal([third.RotationId], await Ids(new() { Name = "a[b]" }));
        Assert.Equal([third.RotationId], await Ids(new() { Last = 1 }));
        Assert.Equal([third.RotationId, second.RotationId], await Ids(new() { States = [RotationState.Running, RotationState.Draining] }));
        Assert.Equal([first.RotationId], await Ids(new() { RotationId = first.RotationId }));
        Assert.Empty(await Ids(new() { Scope = "other" }));
    }

    [Fact]
    public async Task An_erased_password_is_gone_and_the_live_one_cannot_be_erased()
    {
        var (credential, lease, record) = await Store.BeginAsync();
        await RefusedAsync(RotationErrorCode.InvalidArgument, () => Store.EraseSecretAsync(lease, 1, Token));
        await Store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);
        await Store.EraseSecretAsync(lease, 1, Token);

        Assert.Null(await Store.GetLoginAsync(credential.Id, 1, Token));
        Assert.Null(await Store.GetLoginAsync(credential.Id, 5, Token));
        Assert.Equal(2, await Store.GetLastVersionAsync(credential.Id, Token));
    }
}
