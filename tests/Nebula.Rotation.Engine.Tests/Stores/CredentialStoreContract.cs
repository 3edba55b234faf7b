using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>What every store does: credentials and their logins. A kind of store derives from it and says how it is opened.</summary>
public abstract class CredentialStoreContract : IAsyncLifetime
{
    internal ManualTimeProvider Time { get; } = new();

    protected ICredentialStore Store { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the test's store, once more when it is open already, as another runner would.</summary>
    protected abstract Task<ICredentialStore> OpenAsync();

    [Fact]
    public async Task A_credential_comes_back_as_it_was_stored()
    {
        var given = Credential("Orders API");
        var added = await Store.AddAsync(given, Login("orders_a"), Login("boss", "admin-password"), Token);
        await using var other = await OpenAsync();
        var found = await other.FindAsync("Orders API", DatabaseCredential.DefaultScope, Token);

        Assert.NotNull(found);
        Assert.Equal(added.Id, found.Id);
        Assert.NotEqual(Guid.Empty, found.Id);
        Assert.Equal("orders_a", found.Username);
        Assert.Equal("boss", found.AdminUsername);
        Assert.Equal(1, found.Version);
        Assert.Equal(1, found.Revision);
        Assert.Equal(Time.GetUtcNow(), found.CreatedAt);
        Assert.Equal(Time.GetUtcNow(), found.LastRotatedAt);
        Assert.Equal(Time.GetUtcNow() + TimeSpan.FromDays(30), found.NextRotationAt);
        Assert.Equal("app, public", found.Option["searchpath"]);
        Assert.Equal([PublishTargetKind.JsonFile, PublishTargetKind.Command], found.PublishTargets.Select(target => target.Kind));
        Assert.Equal(["b:c", "a", "A"], found.PublishTargets[0].Entries.Keys);
        Assert.Equal("7", found.PublishTargets[1].Options["timeout"]);
        Assert.Equivalent(
            given with { Id = found.Id, Username = "orders_a", AdminUsername = "boss", CreatedAt = found.CreatedAt, LastRotatedAt = found.LastRotatedAt, Revision = 1, NextRotationAt = found.NextRotationAt },
            found);
        Assert.Equal("first-password", (await other.GetCurrentLoginAsync(found.Id, Token)).Login.Password.Reveal());
        Assert.Equal("admin-password", (await other.GetAdminLoginAsync(found.Id, Token))!.Password.Reveal());
        Assert.Equal(1, await other.GetLastVersionAsync(found.Id, Token));
    }

    [Fact]
    public async Task The_store_knows_when_the_next_rotation_is_due()
    {
        var given = Credential() with { RotationInterval = null, Schedule = "0 3 * * *", TimeZone = null, MaintenanceWindow = [], Jitter = TimeSpan.FromHours(1) };
        var added = await Store.AddAsync(given, Login(), null, Token);
        Assert.Equal(("0 3 * * *", TimeSpan.FromHours(1)), (added.Schedule, added.Jitter));
        Assert.InRange(added.NextRotationAt!.Value, Time.GetUtcNow(), Time.GetUtcNow().AddHours(25));
        Assert.Equal(added.NextRotationAt, await Store.FindNextDueAsync(Time.GetUtcNow(), Token));
        Assert.Null(await Store.FindNextDueAsync(added.NextRotationAt!.Value, Token));
        Assert.Empty(await Store.ListAsync(new() { DueAt = added.NextRotationAt!.Value.AddMinutes(-1) }, Token));
        Assert.Single(await Store.ListAsync(new() { DueAt = added.NextRotationAt }, Token));
        var changed = await Store.UpdateAsync(added with { Schedule = null }, null, null, Token);
        Assert.Null(changed.NextRotationAt);
        Assert.Null(await Store.FindNextDueAsync(DateTimeOffset.MinValue, Token));
    }

    [Fact]
    public async Task A_credential_with_nothing_but_what_is_required_comes_back_with_its_defaults()
    {
        var given = new DatabaseCredential { Name = "n", DatabaseType = DatabaseType.Redis, HostName = ["h"], Port = 6379, Database = "0", Username = "u" };
        var added = await Store.AddAsync(given, Login("u"), null, Token);

        Assert.Equivalent(given with { Id = added.Id, CreatedAt = Time.GetUtcNow(), LastRotatedAt = Time.GetUtcNow(), Revision = 1 }, added);
        Assert.Null(added.NextRotationAt);
        Assert.Null(added.AdminUsername);
        Assert.Null(await Store.GetAdminLoginAsync(added.Id, Token));
    }

    [Theory]
    [InlineData("orders", "ORDERS")]
    [InlineData("bücher", "BÜCHER")]
    [InlineData("caf\u00e9", "Cafe\u0301")]
    [InlineData("ωμέγα", "ΩΜΈΓΑ")]
    public async Task Names_are_the_same_whatever_their_case_and_composition(string stored, string asked)
    {
        var added = await Store.AddAsync(Credential(stored), Login(), null, Token);

        Assert.Equal(added.Id, (await Store.FindAsync(asked, "GLOBAL", Token))?.Id);
        await RefusedAsync(RotationErrorCode.CredentialExists, () => Store.AddAsync(Credential(asked), Login(), null, Token));
        Assert.Null(await Store.FindAsync(asked + "x", "global", Token));
    }

    [Fact]
    public async Task The_same_name_in_another_scope_is_another_credential()
    {
        var first = await Store.AddAsync(Credential(), Login(password: "one"), null, Token);
        var second = await Store.AddAsync(Credential(scope: "team"), Login(password: "two"), null, Token);

        Assert.Equal(first.Id, (await Store.FindAsync("orders", "global", Token))?.Id);
        Assert.Equal(second.Id, (await Store.FindAsync("orders", "Team", Token))?.Id);
        Assert.Equal("two", (await Store.GetCurrentLoginAsync(second.Id, Token)).Login.Password.Reveal());
        Assert.Null(await Store.FindAsync("orders", "elsewhere", Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData(" a")]
    [InlineData("a\nb")]
    [InlineData("a\u0000b")]
    [InlineData("a\u2028b")]
    public async Task A_name_that_cannot_be_typed_or_printed_is_refused(string name) =>
        await RefusedAsync(RotationErrorCode.InvalidArgument, () => Store.AddAsync(Credential(name), Login(), null, Token));

    [Fact]
    public async Task A_login_that_is_no_Unicode_is_refused_without_its_password_in_the_message()
    {
        var exception = await RefusedAsync(
            RotationErrorCode.InvalidArgument, () => Store.AddAsync(Credential(), Login(password: "canary-" + '\ud800'), null, Token));

        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_selects_by_name_scope_kind_tag_and_due_time()
    {
        await Store.AddAsync(Credential("billing") with { RotationInterval = TimeSpan.FromDays(1), Tag = ["Prod"] }, Login(), null, Token);
        await Store.AddAsync(Credential("Orders") with { RotationInterval = null }, Login(), null, Token);
        await Store.AddAsync(Credential("cache", "team") with { DatabaseType = DatabaseType.Redis, RotationInterval = TimeSpan.FromDays(3) }, Login(), null, Token);

        async Task<string> Names(CredentialFilter filter) => string.Join(' ', await Store.ListAsync(filter, Token));

        Assert.Equal("billing Orders cache", await Names(new()));
        Assert.Equal("Orders", await Names(new() { Names = ["ORDERS"] }));
        Assert.Equal("billing Orders", await Names(new() { Names = ["bill*", "orders"] }));
        Assert.Equal("Orders cache", await Names(new() { Names = ["[a-c]a*", "?rders"] }));
        Assert.Equal(string.Empty, await Names(new() { Names = ["nobody"] }));
        Assert.Equal("cache", await Names(new() { Scope = "TEAM" }));
        Assert.Equal("cache", await Names(new() { DatabaseType = DatabaseType.Redis }));
        Assert.Equal("billing Orders cache", await Names(new() { Tags = ["PROD"] }));
        Assert.Equal("Orders cache", await Names(new() { Tags = ["prod", "team-a"] }));
        Assert.Equal(string.Empty, await Names(new() { DueAt = Time.GetUtcNow() }));
        Assert.Equal("billing", await Names(new() { DueAt = Time.GetUtcNow() + TimeSpan.FromDays(1) }));
        Assert.Equal("billing cache", await Names(new() { DueAt = (Time.GetUtcNow() + TimeSpan.FromDays(3)).ToOffset(TimeSpan.FromHours(5)) }));
    }

    [Fact]
    public async Task A_pattern_with_an_open_bracket_is_refused() =>
        await RefusedAsync(RotationErrorCode.InvalidArgument, () => Store.ListAsync(new() { Names = ["a[b"] }, Token));

    [Fact]
    public async Task A_change_is_stored_and_moves_the_revision()
    {
        var added = await Store.AddAsync(Credential(), Login(), Login("boss", "b"), Token);
        Time.Advance(TimeSpan.FromHours(1));
        var changed = await Store.UpdateAsync(added with { Port = 6000, RotationInterval = TimeSpan.FromDays(2), HoldReason = null }, null, null, Token);

        Assert.Equal(6000, changed.Port);
        Assert.Null(changed.HoldReason);
        Assert.Equal(added.CreatedAt + TimeSpan.FromDays(2), changed.NextRotationAt);
        Assert.Equal(added.Revision + 1, changed.Revision);
        Assert.Equal("boss", changed.AdminUsername);
        Assert.Single(await Store.ListAsync(new() { DueAt = changed.NextRotationAt }, Token));
    }

    [Fact]
    public async Task A_change_against_an_older_revision_is_refused()
    {
        var added = await Store.AddAsync(Credential(), Login(), null, Token);
        await Store.UpdateAsync(added with { Port = 1 }, null, null, Token);

        await RefusedAsync(RotationErrorCode.CredentialChanged, () => Store.UpdateAsync(added with { Port = 2 }, null, null, Token));
        Assert.Equal(1, (await Store.FindAsync("orders", "global", Token))!.Port);
    }

    [Fact]
    public async Task A_change_never_touches_name_version_or_times()
    {
        var added = await Store.AddAsync(Credential(), Login(), null, Token);
        var changed = await Store.UpdateAsync(
            added with { Version = 9, Username = "other", CreatedAt = default, LastRotatedAt = default }, null, null, Token);

        Assert.Equal(1, changed.Version);
        Assert.Equal("orders_a", changed.Username);
        Assert.Equal(added.CreatedAt, changed.CreatedAt);
        Assert.Equal(added.LastRotatedAt, changed.LastRotatedAt);
        await RefusedAsync(RotationErrorCode.InvalidArgument, () => Store.UpdateAsync(changed with { Name = "x" }, null, null, Token));
        await RefusedAsync(RotationErrorCode.InvalidArgument, () => Store.UpdateAsync(changed with { AdminUsername = "x" }, null, null, Token));
    }

    [Fact]
    public async Task A_password_changed_by_hand_replaces_the_live_one_without_a_new_version()
    {
        var added = await Store.AddAsync(Credential(), Login(), null, Token);
        var changed = await Store.UpdateAsync(added, null, Login("orders_z", "by-hand"), Token);
        var live = await Store.GetCurrentLoginAsync(added.Id, Token);

        Assert.Equal("orders_z", changed.Username);
        Assert.Equal(1, live.Version);
        Assert.Equal("orders_z", live.Login.Username);
        Assert.Equal("by-hand", live.Login.Password.Reveal());
    }

    [Fact]
    public async Task A_password_is_not_changed_by_hand_while_a_rotation_is_open()
    {
        var (credential, lease, record) = await Store.BeginAsync();

        await RefusedAsync(RotationErrorCode.RotationOpen, () => Store.UpdateAsync(credential with { Port = 7 }, null, Login("x", "y"), Token));
        Assert.Equal(5432, (await Store.FindAsync("orders", "global", Token))!.Port);
        await Store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token);
        await RefusedAsync(RotationErrorCode.LeaseHeld, () => Store.UpdateAsync(credential, null, Login("x", "y"), Token));
        await Store.ReleaseLeaseAsync(lease, Token);
        await Store.UpdateAsync(credential, null, Login("x", "y"), Token);
    }

    [Fact]
    public async Task An_admin_login_can_be_replaced_and_taken_away()
    {
        var added = await Store.AddAsync(Credential(), Login(), null, Token);
        var changed = await Store.UpdateAsync(added, Login("root", "r"), null, Token);
        Assert.Equal("root", changed.AdminUsername);
        Assert.Equal("r", (await Store.GetAdminLoginAsync(added.Id, Token))!.Password.Reveal());

        changed = await Store.UpdateAsync(changed with { AdminUsername = null }, null, null, Token);
        Assert.Null(changed.AdminUsername);
        Assert.Null(await Store.GetAdminLoginAsync(added.Id, Token));
    }

    [Fact]
    public async Task A_removed_credential_is_gone_with_its_history_and_its_name_is_free()
    {
        var (credential, lease, record) = await Store.BeginAsync();
        await Store.AppendJournalAsync(lease, record.RotationId, Entry("a", data: "x"), Token);
        await Store.AppendStageAsync(lease, Stage(record), Token);
        await RefusedAsync(RotationErrorCode.RotationOpen, () => Store.RemoveAsync(credential.Id, Token));
        await Store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token);
        await RefusedAsync(RotationErrorCode.LeaseHeld, () => Store.RemoveAsync(credential.Id, Token));
        await Store.ReleaseLeaseAsync(lease, Token);
        await Store.RemoveAsync(credential.Id, Token);

        Assert.Null(await Store.FindAsync("orders", "global", Token));
        Assert.Null(await Store.ReadRotationAsync(record.RotationId, Token));
        Assert.Empty(await Store.ListRotationsAsync(new(), Token));
        await RefusedAsync(RotationErrorCode.CredentialNotFound, () => Store.RemoveAsync(credential.Id, Token));
        await RefusedAsync(RotationErrorCode.CredentialNotFound, () => Store.GetCurrentLoginAsync(credential.Id, Token));
        await RefusedAsync(RotationErrorCode.CredentialNotFound, () => Store.GetLastVersionAsync(credential.Id, Token));
        await RefusedAsync(RotationErrorCode.CredentialNotFound, () => Store.AcquireLeaseAsync(credential.Id, LeaseTime, Token));
        await RefusedAsync(RotationErrorCode.LeaseLost, () => Store.RenewLeaseAsync(lease, LeaseTime, Token));
        var again = await Store.AddAsync(Credential(), Login(), null, Token);
        Assert.NotEqual(credential.Id, again.Id);
    }

    [Fact]
    public async Task A_cancelled_token_stops_before_anything_is_written()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.AddAsync(Credential(), Login(), null, source.Token));
        Assert.Empty(await Store.ListAsync(new(), Token));
    }
}
