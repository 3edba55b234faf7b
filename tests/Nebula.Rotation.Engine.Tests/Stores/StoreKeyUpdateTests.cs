using System.Security.Cryptography;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>The store's own key is replaced: nothing is lost, whatever dies, and whoever has the store open goes on.</summary>
public sealed class StoreKeyUpdateTests : SqliteFixture
{
    private string NewKeyPath => KeyPath + ".new";

    [Fact]
    public async Task The_new_key_opens_everything_and_the_former_one_nothing()
    {
        await MakeAsync();
        var former = await File.ReadAllTextAsync(KeyPath, Token);
        StoreKeyChange result;
        await using (var store = await OpenAsync())
        {
            await store.AddAsync(Credential("other", "team-b"), Login("b", "second-password"), null, Token);
            result = await store.ReplaceKeyAsync(new(), Token);
            Assert.Equal("first-password", (await store.GetCurrentLoginAsync((await store.FindAsync("orders", "global", Token))!.Id, Token)).Login.Password.Reveal());
        }

        Assert.Equal(2, result.Scopes);
        Assert.NotEqual(result.FormerKeyId, result.KeyId);
        Assert.Contains(KeyPath, result.KeySource, StringComparison.Ordinal);
        Assert.NotEqual(former, await File.ReadAllTextAsync(KeyPath, Token));
        Assert.False(File.Exists(NewKeyPath));
        Assert.Equal(UnixMode.OwnerOnly, UnixMode.Get(KeyPath));
        await AssertOpensAsync(StorePath, "team-b");

        var entry = Assert.Single(await ListAuditAsync(), entry => entry.Action == AuditAction.StoreKeyReplaced);
        Assert.Equal((result.KeyId, result.FormerKeyId), (entry.Details["KeyId"], entry.Details["FormerKeyId"]));
        Assert.Equal(("", Guid.Empty), (entry.Credential, entry.CredentialId));

        await File.WriteAllTextAsync(KeyPath, former, Token);
        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync());
    }

    [Fact]
    public async Task Whatever_dies_at_any_step_the_store_opens_and_its_key_can_be_updated_again()
    {
        await MakeAsync();
        List<(string Step, string Copy)> copies = [];
        using var graves = new TemporaryFolder();
        var provider = new KeyFileProvider
        {
            Touch = step =>
            {
                // What another machine would find on the disk if this one lost its power here.
                var copy = graves.File($"{copies.Count}");
                Directory.CreateDirectory(copy);
                using var process = System.Diagnostics.Process.Start("cp", ["-a", Folder + "/.", copy]);
                process.WaitForExit();
                copies.Add((step, Path.Combine(copy, "store.db")));
            },
        };
        await using (var store = await OpenAsync(keys: provider))
            await store.ReplaceKeyAsync(new(), Token);
        var now = await File.ReadAllTextAsync(KeyPath, Token);

        Assert.Equal(
            ["before the new key is written", "after the new key is written", "before the new key takes its place", "after the new key took its place"],
            copies.Select(copy => copy.Step));
        foreach (var (step, copy) in copies)
        {
            var isWaiting = step.Contains("after the new key is", StringComparison.Ordinal) || step.Contains("before the new key takes", StringComparison.Ordinal);
            Assert.Equal(isWaiting, File.Exists(copy + ".key.new"));
            await AssertOpensAsync(copy);
            var isTaken = step.Contains("place", StringComparison.Ordinal);
            Assert.Equal(isTaken, await File.ReadAllTextAsync(copy + ".key", Token) == now);
            Assert.False(isTaken && File.Exists(copy + ".key.new"), "the rename is made up for");

            await using (var store = await OpenAsync(copy))
                await store.ReplaceKeyAsync(new(), Token);
            Assert.False(File.Exists(copy + ".key.new"));
            Assert.NotEqual(now, await File.ReadAllTextAsync(copy + ".key", Token));
            await AssertOpensAsync(copy);
        }
    }

    [Fact]
    public async Task A_rename_that_nobody_came_to_is_made_up_for_before_the_next_update_writes_over_the_key()
    {
        await MakeAsync();
        await using var store = await OpenAsync();
        var died = new KeyFileProvider { Touch = static step => Die(step, "before the new key takes its place") };
        await using (var other = await OpenAsync(keys: died))
            await Assert.ThrowsAsync<InvalidOperationException>(() => other.ReplaceKeyAsync(new(), Token));
        Assert.True(File.Exists(NewKeyPath));

        // This one has had the store open since before, and opens nothing: it finds the key that waits.
        await store.ReplaceKeyAsync(new(), Token);

        Assert.False(File.Exists(NewKeyPath));
        await AssertOpensAsync(StorePath);
        await using (var next = await OpenAsync(keys: died))
            await Assert.ThrowsAsync<InvalidOperationException>(() => next.ReplaceKeyAsync(new(), Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => UpdateOnceAsync(new() { Touch = static step => Die(step, "after the new key is written") }));
        await AssertOpensAsync(StorePath);
    }

    [Theory]
    [InlineData("")]
    [InlineData("half a k")]
    [InlineData("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")]
    public async Task What_an_update_that_died_while_it_wrote_has_left_is_in_nobodys_way(string left)
    {
        await MakeAsync();
        await File.WriteAllTextAsync(NewKeyPath, left, Token);
        UnixMode.Set(NewKeyPath, UnixMode.OwnerOnly);
        await AssertOpensAsync(StorePath);
        await UpdateOnceAsync(new());

        Assert.False(File.Exists(NewKeyPath));
        await AssertOpensAsync(StorePath);
    }

    [Fact]
    public async Task Where_the_new_key_cannot_be_written_nothing_is_changed()
    {
        await MakeAsync();

        // A folder in the new key's place: root may write everywhere.
        Directory.CreateDirectory(Path.Combine(NewKeyPath, "in-the-way"));
        var key = await File.ReadAllTextAsync(KeyPath, Token);
        var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => UpdateOnceAsync(new()));

        Assert.Contains(NewKeyPath, exception.Message, StringComparison.Ordinal);
        Assert.Equal(key, await File.ReadAllTextAsync(KeyPath, Token));
        Directory.Delete(NewKeyPath, recursive: true);
        await AssertOpensAsync(StorePath);
        Assert.DoesNotContain(await ListAuditAsync(), static entry => entry.Action == AuditAction.StoreKeyReplaced);
    }

    [Fact]
    public async Task A_runner_that_has_the_store_open_with_the_former_key_goes_on_with_its_rotation_and_takes_the_new_key_when_it_needs_one()
    {
        await MakeAsync();
        await using var runner = await OpenAsync();
        await using var late = await OpenAsync();
        var credential = (await runner.FindAsync("orders", "global", Token))!;
        var lease = await runner.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        var record = Record(credential);
        await runner.BeginRotationAsync(lease, record, "document"u8.ToArray(), Token);

        await UpdateOnceAsync(new());
        await UpdateOnceAsync(new());

        // With data keys that it has in memory, and that are what they were.
        await runner.AppendJournalAsync(lease, record.RotationId, Entry("step", data: "secret"), Token);
        await runner.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "third-password"), Token);

        // With the master key: a scope's key to unwrap, one to make, the trail's.
        Assert.Equal("third-password", (await late.GetCurrentLoginAsync(credential.Id, Token)).Login.Password.Reveal());
        await runner.AddAsync(Credential("new", "new-scope"), Login("n", "fourth-password"), null, Token);
        Assert.True((await runner.CheckAuditAsync(null, Token)).IsIntact);

        await using var next = await OpenAsync();
        Assert.Equal("fourth-password", (await next.GetCurrentLoginAsync((await next.FindAsync("new", "new-scope", Token))!.Id, Token)).Login.Password.Reveal());
        Assert.Equal("document"u8.ToArray(), (await next.ReadRotationAsync(record.RotationId, Token))!.Document.ToArray());
        Assert.True((await next.CheckAuditAsync(null, Token)).IsIntact);
    }

    [Fact]
    public async Task A_runner_that_cannot_get_the_new_key_writes_nothing_with_the_former_one()
    {
        await MakeAsync();
        var copy = Path.Combine(Folder, "kept.key");
        File.Copy(KeyPath, copy);
        UnixMode.Set(copy, UnixMode.OwnerOnly);
        await using var runner = await OpenAsync(keys: new KeyFileProvider(copy));
        await UpdateOnceAsync(new());

        var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => runner.AddAsync(Credential("new", "new-scope"), Login(), null, Token));
        Assert.Contains("was replaced while this process ran", exception.Message, StringComparison.Ordinal);
        Assert.Null(await runner.FindAsync("new", "new-scope", Token));
        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => runner.ReplaceKeyAsync(new(), Token));
        await AssertOpensAsync(StorePath);
    }

    [Fact]
    public async Task A_runner_that_was_given_the_next_key_beforehand_notices_nothing()
    {
        await MakeAsync();

        // The key files of two machines that share a store.
        var (key, elsewhere) = (Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Path.Combine(Folder, "other-machine.key"));
        File.Copy(KeyPath, elsewhere);
        await File.WriteAllTextAsync(elsewhere + ".new", key, Token);
        UnixMode.Set(elsewhere, UnixMode.OwnerOnly);
        UnixMode.Set(elsewhere + ".new", UnixMode.OwnerOnly);
        await using var runner = await OpenAsync(keys: new KeyFileProvider(elsewhere));
        await using (var store = await OpenAsync())
            await store.ReplaceKeyAsync(new() { NewKey = new(key) }, Token);

        await runner.AddAsync(Credential("new", "new-scope"), Login(), null, Token);
        await using (await OpenAsync(keys: new KeyFileProvider(elsewhere)))
            Assert.False(File.Exists(elsewhere + ".new"));
        Assert.Equal(key, (await File.ReadAllTextAsync(elsewhere, Token)).Trim());
        await AssertOpensAsync(StorePath);
    }

    [Fact]
    public async Task Two_updates_at_once_both_happen_one_after_the_other()
    {
        await MakeAsync();
        await using var one = await OpenAsync();
        await using var two = await OpenAsync();
        var results = await Task.WhenAll(Task.Run(() => one.ReplaceKeyAsync(new(), Token)), Task.Run(() => two.ReplaceKeyAsync(new(), Token)));

        // Whichever was first, the other one replaced its key.
        Assert.True(
            results[0].FormerKeyId == results[1].KeyId || results[1].FormerKeyId == results[0].KeyId,
            string.Join("; ", results.Select(static result => $"{result.FormerKeyId} -> {result.KeyId}")));
        await AssertOpensAsync(StorePath);
        Assert.Equal(2, (await ListAuditAsync()).Count(static entry => entry.Action == AuditAction.StoreKeyReplaced));
    }

    [Fact]
    public async Task A_key_behind_a_link_is_changed_where_it_is()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a right there");
        await MakeAsync();
        var real = Path.Combine(Folder, "real.key");
        File.Move(KeyPath, real);
        File.CreateSymbolicLink(KeyPath, real);
        var former = await File.ReadAllTextAsync(real, Token);
        await UpdateOnceAsync(new());

        Assert.Equal(real, File.ResolveLinkTarget(KeyPath, returnFinalTarget: true)!.FullName);
        Assert.NotEqual(former, await File.ReadAllTextAsync(real, Token));
        await AssertOpensAsync(StorePath);
    }

    [Fact]
    public async Task A_given_key_is_taken_and_the_same_one_again_is_refused()
    {
        await MakeAsync();
        var key = RandomNumberGenerator.GetBytes(32);
        await using var store = await OpenAsync();
        await store.ReplaceKeyAsync(new() { NewKey = new(Convert.ToBase64String(key)) }, Token);

        Assert.Equal(Convert.ToBase64String(key), (await File.ReadAllTextAsync(KeyPath, Token)).Trim());
        var exception = await RefusedAsync(RotationErrorCode.InvalidArgument, () => store.ReplaceKeyAsync(new() { NewKey = new(Convert.ToBase64String(key)) }, Token));
        Assert.DoesNotContain(Convert.ToBase64String(key), exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DPAPI_is_refused_clearly_where_there_is_no_Windows()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there it works");
        foreach (var provider in new[] { new DpapiKeyProvider(), new DpapiKeyProvider(forMachine: true) })
        {
            var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(keys: provider));
            Assert.Contains("Windows", exception.Message, StringComparison.Ordinal);
            Assert.Contains("KeyFile", exception.RecommendedAction, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(StorePath));
    }

    private static void Die(string step, string at)
    {
        if (step == at)
            throw new InvalidOperationException(step);
    }

    private async Task UpdateOnceAsync(KeyFileProvider provider)
    {
        await using var store = await OpenAsync(keys: provider);
        await store.ReplaceKeyAsync(new(), Token);
    }

    [Fact]
    public async Task What_the_former_key_wrapped_is_in_no_file_any_more()
    {
        await MakeAsync();
        await using var store = await OpenAsync();
        var wrapped = await store.Database.ReadAsync(static session => (byte[])session.Scalar("SELECT wrapped_key FROM scopes")!, Token);
        Assert.Contains(FilesOf(CopyFolder()), file => file.AsSpan().IndexOf(wrapped) >= 0);
        await store.ReplaceKeyAsync(new(), Token);

        Assert.DoesNotContain(FilesOf(CopyFolder()), file => file.AsSpan().IndexOf(wrapped) >= 0);
    }

    private static byte[][] FilesOf(string copy) => [.. Directory.GetFiles(Path.GetDirectoryName(copy)!).Select(File.ReadAllBytes)];

    private async Task<IReadOnlyList<AuditEvent>> ListAuditAsync()
    {
        await using var store = await OpenAsync();
        return await store.ListAuditAsync(new(), Token);
    }

    private async Task AssertOpensAsync(string path, string? scope = null)
    {
        await using var store = await OpenAsync(path, create: false);
        var credential = (await store.FindAsync("orders", "global", Token))!;
        Assert.Equal("first-password", (await store.GetCurrentLoginAsync(credential.Id, Token)).Login.Password.Reveal());
        Assert.Equal("admin-password", (await store.GetAdminLoginAsync(credential.Id, Token))!.Password.Reveal());
        if (scope is not null)
            Assert.Equal("second-password", (await store.GetCurrentLoginAsync((await store.FindAsync("other", scope, Token))!.Id, Token)).Login.Password.Reveal());
        Assert.True((await store.CheckAuditAsync(null, Token)).IsIntact);
    }
}
