using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using Nebula.Rotation.Stores.Tables;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>The file: how it is made, what is refused, and that a refused file stays as it is.</summary>
public sealed class SqliteFileTests : SqliteFixture
{
    [Fact]
    public async Task A_missing_store_says_what_makes_it_and_makes_nothing()
    {
        var path = Path.Combine(Folder, "sub", "store.db");
        var exception = await RefusedAsync(RotationErrorCode.StoreUnavailable, () => OpenAsync(path, create: false));

        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains("New-NebulaDbCredential", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task Files_and_folder_are_closed_to_others()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix modes");
        var folder = Path.Combine(Folder, "a", "b");
        await using var store = await OpenAsync(Path.Combine(folder, "store.db"));
        await store.AddAsync(Credential(), Login(), null, Token);

        Assert.Equal(UnixMode.OwnerOnly | UnixFileMode.UserExecute, UnixMode.Get(folder));
        Assert.Equal(
            ["store.db", "store.db-shm", "store.db-wal", "store.db.key"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(folder), static file => Assert.Equal(UnixMode.OwnerOnly, UnixMode.Get(file)));
    }

    [Theory]
    [InlineData("with space ; and = 'quotes' \".db")]
    [InlineData("100%?#.db")]
    [InlineData("ünïcödé 数据.db")]
    public async Task A_path_may_hold_any_character(string name)
    {
        var path = Path.Combine(Folder, name);
        await using (var store = await OpenAsync(path))
            await store.AddAsync(Credential(), Login(), null, Token);
        await using (var again = await OpenAsync(path, create: false))
            Assert.NotNull(await again.FindAsync("orders", "global", Token));
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task Runners_that_make_the_store_at_once_share_one()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => OpenAsync())));
        for (var index = 0; index < stores.Length; index++)
            await stores[index].AddAsync(Credential($"c{index}"), Login(), null, Token);

        Assert.All(stores, store => Assert.Equal(6, store.ListAsync(new(), Token).Result.Count));
        foreach (var store in stores)
            await store.DisposeAsync();
        Assert.Equal(["store.db", "store.db.key"], Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_several_that_want_a_name_at_once_exactly_one_gets_it()
    {
        for (var round = 0; round < 500; round++)
        {
            var (name, got) = (Path.Combine(Folder, $"name-{round}"), 0);
            using var start = new Barrier(2);
            var threads = Enumerable.Range(0, start.ParticipantCount).Select(number => new Thread(() =>
            {
                var draft = Path.Combine(Folder, $"draft-{round}-{number}");
                File.WriteAllText(draft, $"{number}");
                start.SignalAndWait();
                try
                {
                    NewName.Take(draft, name);
                    Interlocked.Increment(ref got);
                }
                catch (IOException)
                {
                    File.Delete(draft);
                }
            })).ToList();
            threads.ForEach(static thread => thread.Start());
            threads.ForEach(static thread => thread.Join());

            Assert.Equal(1, got);
        }

        Assert.Equal(500, Directory.GetFiles(Folder).Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(5000)]
    public async Task Garbage_is_refused_and_left_as_it_is(int length)
    {
        await File.WriteAllBytesAsync(StorePath, RandomNumberGenerator.GetBytes(length), Token);
        await AssertRefusedUntouchedAsync(RotationErrorCode.StoreCorrupt);
    }

    [Theory]
    [InlineData("PRAGMA journal_mode = DELETE")]
    [InlineData("PRAGMA journal_mode = WAL")]
    public async Task Another_applications_database_is_refused_and_left_as_it_is(string mode)
    {
        Meddle($"{mode}; CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
        await AssertRefusedUntouchedAsync(RotationErrorCode.StoreCorrupt);
    }

    [Fact]
    public async Task Another_applications_unfinished_write_ahead_file_is_left_as_it_is()
    {
        string copy;
        using (var connection = new SqliteConnection($"Data Source={StorePath};Pooling=False"))
        {
            connection.Open();
            new SqliteSession(connection).Execute("PRAGMA journal_mode = WAL; CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
            copy = CopyFolder();
        }

        string Fingerprints() => string.Join(' ', Directory.GetFiles(Path.GetDirectoryName(copy)!).Order(StringComparer.Ordinal).Select(
            static file => file + Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))));

        var before = Fingerprints();
        Assert.Contains("store.db-wal", before, StringComparison.Ordinal);
        await RefusedAsync(RotationErrorCode.StoreCorrupt, () => OpenAsync(copy));
        Assert.Equal(before, Fingerprints());
    }

    [Theory]
    [InlineData(99)]
    [InlineData(4096)]
    [InlineData(20_000)]
    public async Task A_truncated_store_is_refused_and_left_as_it_is(int length)
    {
        await MakeAsync();
        using (var stream = File.OpenWrite(StorePath))
            stream.SetLength(length);
        await AssertRefusedUntouchedAsync(RotationErrorCode.StoreCorrupt);
    }

    [Fact]
    public async Task Damage_anywhere_is_refused_untouched_or_harmless()
    {
        await MakeAsync();
        var whole = await File.ReadAllBytesAsync(StorePath, Token);
        var refused = 0;
        for (var offset = 0; offset < whole.Length; offset += 509)
        {
            var damaged = whole.ToArray();
            damaged.AsSpan(offset, Math.Min(24, damaged.Length - offset)).Fill(0xA5);
            await File.WriteAllBytesAsync(StorePath, damaged, Token);
            try
            {
                await using var store = await OpenAsync(create: true);
                var found = await store.FindAsync("orders", "global", Token);
                if (found is not null)
                    Assert.Equal("first-password", (await store.GetCurrentLoginAsync(found.Id, Token)).Login.Password.Reveal());
            }
            catch (RotationException exception)
            {
                // A damaged key check cannot be told from another store's key; damaged header fields may read as a newer version's.
                Assert.True(
                    exception.Code is RotationErrorCode.StoreCorrupt or RotationErrorCode.StoreKeyInvalid or RotationErrorCode.StoreUnavailable,
                    $"{offset}: {exception.Code}");
                Assert.NotNull(exception.RecommendedAction);
                refused++;
            }

            Assert.True(Enumerable.SequenceEqual(damaged, await File.ReadAllBytesAsync(StorePath, Token)), $"The file was changed after damage at {offset}.");
        }

        Assert.True(refused > 10, $"{refused}");
    }

    [Fact]
    public async Task A_newer_store_asks_for_a_newer_module_and_is_left_as_it_is()
    {
        await MakeAsync();
        Meddle("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
        var exception = await AssertRefusedUntouchedAsync(RotationErrorCode.StoreUnavailable);

        Assert.Contains("Update the module", exception.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_ahead_file_without_its_store_is_refused()
    {
        await File.WriteAllTextAsync(StorePath + "-wal", "left behind", Token);
        await AssertRefusedUntouchedAsync(RotationErrorCode.StoreCorrupt);
    }

    [Fact]
    public async Task A_folder_in_the_files_place_is_refused() =>
        await RefusedAsync(RotationErrorCode.StoreUnavailable, () => OpenAsync(Folder));

    [Theory]
    [InlineData("file/store.db")]
    [InlineData("/proc/nebula/store.db")]
    [InlineData("/proc/store.db")]
    public async Task A_place_where_nothing_can_be_made_is_refused_with_what_to_do(string path)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && path[0] == '/', "Unix paths");
        await File.WriteAllTextAsync(Path.Combine(Folder, "file"), "a file where a folder is needed", Token);
        var exception = await RefusedAsync(RotationErrorCode.StoreUnavailable, () => OpenAsync(Path.Combine(Folder, path)));

        Assert.Contains("-Store", exception.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_is_told_and_the_store_goes_on_when_there_is_room()
    {
        await using var store = await OpenAsync();
        var pages = store.Database.Bare(static session => session.Scalar("PRAGMA page_count"));
        store.Database.Bare(session => session.Scalar($"PRAGMA max_page_count = {pages}"));
        var exception = await RefusedAsync(RotationErrorCode.StoreUnavailable, async () =>
        {
            for (var index = 0; index < 100; index++)
                await store.AddAsync(Credential($"c{index}", $"scope{index}"), Login(), null, Token);
        });
        Assert.Contains("disk is full", exception.Message, StringComparison.Ordinal);

        // The scope that the failed write had made is gone; a scope made now must not meet its key.
        store.Database.Bare(static session => session.Scalar("PRAGMA max_page_count = 100000"));
        var added = await store.AddAsync(Credential("room", "room"), Login(), null, Token);
        await using var other = await OpenAsync();
        Assert.Equal("first-password", (await other.GetCurrentLoginAsync(added.Id, Token)).Login.Password.Reveal());
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_says_so()
    {
        await using var store = await OpenAsync();
        store.Database.Bare(static session => session.Scalar("PRAGMA query_only = ON"));
        var exception = await RefusedAsync(RotationErrorCode.StoreUnavailable, () => store.AddAsync(Credential(), Login(), null, Token));

        Assert.Contains(StorePath, exception.Message, StringComparison.Ordinal);
        Assert.Contains("write access", exception.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE credentials SET settings = '{'")]
    [InlineData("UPDATE credentials SET settings = 'null'")]
    [InlineData("UPDATE credentials SET settings = '{}'")]
    [InlineData("UPDATE credentials SET created_at = 'yesterday'")]
    [InlineData("UPDATE credentials SET database_type = 'Paper'")]
    public async Task A_row_that_no_store_writes_is_damage(string sql)
    {
        await MakeAsync();
        Meddle(sql);
        await using var store = await OpenAsync();

        await RefusedAsync(RotationErrorCode.StoreCorrupt, () => store.FindAsync("orders", "global", Token));
    }

    [Fact]
    public async Task An_older_store_is_brought_forward_once()
    {
        await MakeAsync();
        await using var store = await OpenAsync();
        string[] scripts = [.. Schema.Migrations, "CREATE TABLE later (a INTEGER) STRICT"];
        await store.Database.WriteAsync(session => Schema.Migrate(session, scripts), Token);
        await store.Database.WriteAsync(session => Schema.Migrate(session, scripts), Token);

        Assert.Equal(scripts.Length, store.Database.Bare(Schema.GetVersion));
        Assert.Equal(0L, store.Database.Bare(static session => session.Scalar("SELECT count(*) FROM later")));
        Assert.NotNull(await store.FindAsync("orders", "global", Token));
    }

    [Fact]
    public async Task A_store_from_before_publish_targets_is_read_and_takes_some()
    {
        await MakeAsync();
        Meddle("UPDATE credentials SET settings = json_remove(settings, '$.PublishTargets'); DROP TABLE audit; PRAGMA user_version = 1");
        await using var store = await OpenAsync();

        var found = (await store.FindAsync("orders", "global", Token))!;
        Assert.Equal(Schema.Migrations.Count, store.Database.Bare(Schema.GetVersion));
        Assert.Empty(found.PublishTargets);
        var changed = await store.UpdateAsync(found with { PublishTargets = Credential().PublishTargets }, null, null, Token);
        Assert.Equivalent(Credential().PublishTargets, changed.PublishTargets);
    }

    [Fact]
    public async Task A_search_by_name_or_due_time_uses_an_index()
    {
        await using var store = await OpenAsync();

        string Plan(CredentialFilter filter, params string[] names)
        {
            var (sql, parameters) = CredentialTable.ListSql(filter, names);
            return string.Join(" / ", store.Database.Bare(session => session.All($"EXPLAIN QUERY PLAN {sql}", static row => row.GetString(3), parameters)));
        }

        Assert.DoesNotContain("SCAN c", Plan(new(), "A"), StringComparison.Ordinal);
        Assert.DoesNotContain("SCAN c", Plan(new() { Scope = "s" }, "A", "B"), StringComparison.Ordinal);
        Assert.Contains("credentials_due", Plan(new() { DueAt = Time.GetUtcNow() }), StringComparison.Ordinal);
        Assert.DoesNotContain("SCAN c", Plan(new() { DueAt = Time.GetUtcNow() }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_store_can_be_closed_again_and_refuses_work()
    {
        var store = await OpenAsync();
        await store.DisposeAsync();
        await store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.ListAsync(new(), Token));
    }

    [Fact]
    public void What_SQLite_says_becomes_a_code_with_path_and_action()
    {
        foreach (var code in Enumerable.Range(1, 28))
        {
            var exception = SqliteErrors.Translate(new SqliteException("words of SQLite", code), "/data/store.db");
            Assert.Equal(code is 11 or 26 ? RotationErrorCode.StoreCorrupt : RotationErrorCode.StoreUnavailable, exception.Code);
            Assert.Contains("/data/store.db", exception.Message, StringComparison.Ordinal);
            Assert.NotNull(exception.RecommendedAction);
        }
    }

    private async Task<RotationException> AssertRefusedUntouchedAsync(RotationErrorCode code)
    {
        var before = Fingerprint();
        var exception = await RefusedAsync(code, () => OpenAsync(create: true));

        // The key file may be there beside it; nothing else may have appeared, and nothing may have changed.
        Assert.Equal(before, Fingerprint());
        Assert.Contains(StorePath, exception.Message, StringComparison.Ordinal);
        Assert.NotNull(exception.RecommendedAction);
        await RefusedAsync(code == RotationErrorCode.StoreCorrupt && !File.Exists(StorePath) ? RotationErrorCode.StoreUnavailable : code, () => OpenAsync(create: false));
        Assert.Equal(before, Fingerprint());
        return exception;
    }
}
