using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Sqlite;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>What was done is in the trail, and whoever changes the trail without the store's key is found out.</summary>
public sealed class AuditTrailTests : SqliteFixture
{
    private const string Planted = "Sup3r-secret.of-the-app";

    [Fact]
    public async Task Everything_that_is_done_to_a_credential_is_told_in_order_and_no_password_with_it()
    {
        await using var store = await OpenAsync();
        var credential = await FillAsync(store);

        var events = await store.ListAuditAsync(new(), Token);

        Assert.Equal(
            [
                AuditAction.CredentialAdded, AuditAction.RotationBegun, AuditAction.StageEnded, AuditAction.VersionPublished,
                AuditAction.RotationStateChanged, AuditAction.SecretErased, AuditAction.CredentialChanged, AuditAction.CredentialRemoved,
            ],
            events.Select(entry => entry.Action));
        Assert.Equal(Enumerable.Range(1, 8).Select(number => (long)number), events.Select(entry => entry.Sequence));
        Assert.All(events, entry => Assert.Equal((credential.Id, "orders"), (entry.CredentialId, entry.Credential)));
        Assert.All(events, entry => Assert.Contains(Environment.MachineName, entry.Actor, StringComparison.Ordinal));
        Assert.Equal("CreateLogin Succeeded", events[2].Outcome);
        Assert.Equal(["HoldReason", "Tag"], Assert.IsType<object[]>(events[6].Details["Changed"]).Cast<string>());
        Assert.DoesNotContain(Planted, System.Text.Json.JsonSerializer.Serialize(events), StringComparison.Ordinal);
        var result = await store.CheckAuditAsync(null, Token);
        Assert.True(result.IsIntact, result.Message);
        Assert.Equal(8, result.Count);
    }

    [Fact]
    public async Task Entries_are_found_by_what_they_are_about()
    {
        await using var store = await OpenAsync();
        await FillAsync(store);
        var other = await store.AddAsync(Credential("invoices"), Login(), null, Token);
        var begun = Assert.Single(await store.ListAuditAsync(new() { Actions = [AuditAction.RotationBegun] }, Token));

        Assert.Equal(other.Id, Assert.Single(await store.ListAuditAsync(new() { Name = "INVOICES" }, Token)).CredentialId);
        Assert.Equal(4, (await store.ListAuditAsync(new() { RotationId = begun.RotationId }, Token)).Count);
        Assert.Equal([8L, 9L], (await store.ListAuditAsync(new() { Last = 2 }, Token)).Select(entry => entry.Sequence));
        Assert.Equal(9, (await store.ListAuditAsync(new() { After = Time.GetUtcNow() }, Token)).Count);
        Assert.Empty(await store.ListAuditAsync(new() { After = Time.GetUtcNow().AddSeconds(1) }, Token));
        Assert.Empty(await store.ListAuditAsync(new() { Before = Time.GetUtcNow().AddSeconds(-1) }, Token));
        Assert.Empty(await store.ListAuditAsync(new() { Scope = "elsewhere" }, Token));
    }

    [Theory]
    [InlineData("UPDATE audit SET outcome = 'Completed' WHERE sequence = 3", 3)]
    [InlineData("UPDATE audit SET actor = 'nobody' WHERE sequence = 1", 1)]
    [InlineData("UPDATE audit SET at = '2001-01-01T00:00:00.0000000Z' WHERE sequence = 5", 5)]
    [InlineData("UPDATE audit SET details = '{}' WHERE sequence = 2", 2)]
    [InlineData("UPDATE audit SET credential = 'invoices' WHERE sequence = 6", 6)]
    [InlineData("UPDATE audit SET rotation_id = NULL WHERE sequence = 4", 4)]
    [InlineData("UPDATE audit SET code = zeroblob(32) WHERE sequence = 7", 7)]
    [InlineData("DELETE FROM audit WHERE sequence = 3", 3)]
    [InlineData("DELETE FROM audit WHERE sequence BETWEEN 2 AND 5", 2)]
    [InlineData("DELETE FROM audit WHERE sequence = 8", 8)]
    [InlineData("DELETE FROM audit", 1)]
    [InlineData("DELETE FROM audit; DELETE FROM meta WHERE key = 'audit-head'; DELETE FROM meta WHERE key = 'audit-key'", null)]
    [InlineData("DELETE FROM meta WHERE key = 'audit-key'", 1)]
    [InlineData("DELETE FROM meta WHERE key = 'audit-head'", 8)]
    [InlineData("UPDATE audit SET sequence = 100 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 4; UPDATE audit SET sequence = 4 WHERE sequence = 100", 3)]
    [InlineData("INSERT INTO audit SELECT 9, at, actor, action, credential_id, credential, folded, scope, rotation_id, outcome, details, code FROM audit WHERE sequence = 8", 9)]
    public async Task A_trail_that_was_meddled_with_says_where(string meddling, int? bad)
    {
        string head;
        await using (var store = await OpenAsync())
        {
            await FillAsync(store);
            head = (await store.CheckAuditAsync(null, Token)).Head;
        }

        Meddle(meddling);

        await using var reopened = await OpenAsync();
        var kept = await reopened.CheckAuditAsync(head, Token);
        Assert.False(kept.IsIntact, kept.Message);
        if (bad is null)
            return;
        var result = await reopened.CheckAuditAsync(null, Token);
        Assert.False(result.IsIntact, result.Message);
        Assert.Equal(bad, result.FirstBadSequence);
    }

    [Fact]
    public async Task A_store_that_was_replaced_by_an_older_copy_of_itself_is_found_by_the_head_that_was_kept()
    {
        string copy, head;
        await using (var store = await OpenAsync())
        {
            await store.AddAsync(Credential(), Login(), null, Token);
            copy = CopyFolder();
            var early = await store.CheckAuditAsync(null, Token);
            await store.AddAsync(Credential("invoices"), Login(), null, Token);
            var late = await store.CheckAuditAsync(early.Head, Token);
            Assert.True(late.IsIntact, late.Message);
            head = late.Head;
        }

        await using var older = await OpenAsync(copy);
        Assert.True((await older.CheckAuditAsync(null, Token)).IsIntact);
        Assert.False((await older.CheckAuditAsync(head, Token)).IsIntact);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("1:zz")]
    [InlineData("-1:0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task What_is_no_head_is_refused(string head)
    {
        await using var store = await OpenAsync();
        var exception = await Assert.ThrowsAsync<RotationException>(() => store.CheckAuditAsync(head, Token));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
    }

    [Fact]
    public async Task A_write_that_fails_leaves_no_entry_behind()
    {
        await using var store = await OpenAsync();
        var credential = await store.AddAsync(Credential(), Login(), null, Token);

        await Assert.ThrowsAsync<RotationException>(() => store.UpdateAsync(credential with { Revision = 99 }, null, null, Token));

        Assert.Single(await store.ListAuditAsync(new(), Token));
        await store.AddAsync(Credential("invoices"), Login(), null, Token);
        Assert.True((await store.CheckAuditAsync(null, Token)).IsIntact);
    }

    [Fact]
    public async Task Several_runners_write_one_trail()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync()));
        await Task.WhenAll(stores.Select((store, runner) => Task.Run(
            async () =>
            {
                for (var number = 0; number < 5; number++)
                    await store.AddAsync(Credential($"c{runner}-{number}"), Login(), null, Token);
            })));

        var result = await stores[0].CheckAuditAsync(null, Token);
        Assert.True(result.IsIntact, result.Message);
        Assert.Equal(20, result.Count);
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    private static async Task<DatabaseCredential> FillAsync(SqliteCredentialStore store)
    {
        var credential = await store.AddAsync(Credential(), Login(password: Planted), Login("boss", Planted), Token);
        var lease = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        var record = Record(credential);
        await store.BeginRotationAsync(lease, record, System.Text.Encoding.UTF8.GetBytes(Planted), Token);
        await store.AppendStageAsync(lease, Stage(record), Token);
        await store.PublishVersionAsync(lease, record.RotationId, 2, new("orders_b", new(Planted)), Token);
        await store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.Completed, FinishedAt = credential.CreatedAt }, Token);
        await store.EraseSecretAsync(lease, 1, Token);
        await store.ReleaseLeaseAsync(lease, Token);
        var current = (await store.FindAsync("orders", "global", Token))!;
        await store.UpdateAsync(current with { HoldReason = null, Tag = ["prod"] }, null, null, Token);
        await store.RemoveAsync(credential.Id, Token);
        return credential;
    }
}
