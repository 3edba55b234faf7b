using System.Text;
using Nebula.Rotation.Engine.Tests.Stores;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.PostgreSql;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>What a shared store does beyond the contract: many runners, one server, a DBA who learns nothing.</summary>
public sealed class SharedStoreTests(SharedPostgres postgres)
{
    private const string Canary = "Canary~9d1f-Zürich";

    [Fact]
    public async Task Who_reads_every_column_of_every_table_finds_no_secret_in_any_spelling()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var store = await home.OpenAsync();
        var credential = await store.AddAsync(Credential(), Login(password: Canary), Login("boss", Canary), Token);
        var lease = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
        var record = Record(credential);
        await store.BeginRotationAsync(lease, record, Encoding.UTF8.GetBytes(Canary), Token);
        await store.WriteDocumentAsync(lease, record.RotationId, Encoding.UTF8.GetBytes("x" + Canary), Token);
        await store.AppendJournalAsync(lease, record.RotationId, Entry("create", data: Canary), Token);
        await store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", Canary), Token);

        Assert.Empty(await FindAsync());
        await home.MeddleAsync($"INSERT INTO nebula.meta VALUES ('leak', convert_to('a{Canary}b', 'UTF8'))");
        Assert.Equal(["meta"], await FindAsync());

        async Task<List<string>> FindAsync()
        {
            var bytes = Encoding.UTF8.GetBytes(Canary);
            string[] spellings =
                [Canary, Convert.ToHexString(bytes).ToLowerInvariant(), Convert.ToHexString(Encoding.Unicode.GetBytes(Canary)).ToLowerInvariant(), Convert.ToBase64String(bytes)[..20], "9d1f"];
            List<string> found = [];
            var tables = await home.AskAsync("SELECT relname::text FROM pg_class WHERE relnamespace = 'nebula'::regnamespace AND relkind = 'r' ORDER BY 1");
            Assert.Equal(10, tables.Count);
            foreach (var table in tables)
            {
                // The text of a row has bytea as hexadecimal digits.
                var rows = await home.AskAsync($"SELECT t::text FROM nebula.\"{table}\" t");
                if (rows.Any(row => spellings.Any(spelling => row.Contains(spelling, StringComparison.Ordinal))))
                    found.Add(table);
            }

            return found;
        }
    }

    [Fact]
    public async Task Runners_that_begin_at_once_make_one_store_with_one_key()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => home.OpenAsync())));
        await Task.WhenAll(stores.Select((store, number) => store.AddAsync(Credential($"c{number}", "new-scope"), Login(password: $"p{number}"), null, Token)));

        Assert.Single(Directory.GetFiles(home.KeyFolder));
        Assert.Equal(["1"], await home.AskAsync("SELECT count(*) FROM nebula.scopes"));
        foreach (var credential in await stores[0].ListAsync(new(), Token))
            Assert.Equal($"p{credential.Name[1..]}", (await stores[1].GetCurrentLoginAsync(credential.Id, Token)).Login.Password.Reveal());
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task Many_runners_write_one_trail()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => home.OpenAsync()));
        await Task.WhenAll(stores.SelectMany((store, runner) => Enumerable.Range(0, 5).Select(number => Task.Run(async () =>
        {
            var (_, lease, record) = await store.BeginAsync($"c{runner}-{number}");
            await store.AppendStageAsync(lease, Stage(record), Token);
            await store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", "second"), Token);
        }))));

        var result = await stores[0].CheckAuditAsync(null, Token);
        Assert.True(result.IsIntact, result.Message);
        Assert.Equal(80, result.Count);
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task A_lease_goes_by_the_servers_clock_whatever_the_runners_say()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var store = await home.OpenAsync();
        var credential = await store.AddAsync(Credential(), Login(), null, Token);
        await using var fast = await PostgreSqlCredentialStore.OpenAsync(
            home.Connect(), new("fast", new KeyFileProvider(), home.KeyFolder), new ShiftedClock(TimeSpan.FromDays(1)), false, Token);
        await store.AcquireLeaseAsync(credential.Id, TimeSpan.FromHours(1), Token);
        await RefusedAsync(RotationErrorCode.LeaseHeld, () => fast.AcquireLeaseAsync(credential.Id, LeaseTime, Token));

        var second = await fast.AddAsync(Credential("second"), Login(), null, Token);
        Assert.InRange(second.CreatedAt, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        var lease = await store.AcquireLeaseAsync(second.Id, TimeSpan.FromMilliseconds(300), Token);
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await fast.AcquireLeaseAsync(second.Id, LeaseTime, Token)).Fence > lease.Fence;
            }
            catch (RotationException exception) when (exception.Code == RotationErrorCode.LeaseHeld)
            {
                return false;
            }
        }, "the lease is over by the server's clock");
        await RefusedAsync(RotationErrorCode.LeaseLost, () => store.RenewLeaseAsync(lease, LeaseTime, Token));
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused_and_a_database_without_one_is_named()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        var missing = await RefusedAsync(RotationErrorCode.StoreUnavailable, () => home.OpenAsync(create: false));
        Assert.Contains("no store in this database", missing.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(home.KeyFolder));

        await using (await home.OpenAsync())
            await home.MeddleAsync("INSERT INTO nebula.schema_version VALUES (99)");
        var newer = await RefusedAsync(RotationErrorCode.StoreUnavailable, () => home.OpenAsync());
        Assert.Contains("format 99", newer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_scripts_that_were_not_run_yet_each_is_run_once_by_whoever_comes_first()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using (await home.OpenAsync())
        {
        }

        string[] scripts = [.. PostgreSqlSchema.Migrations, "CREATE TABLE nebula.later (a integer);\nINSERT INTO nebula.later VALUES (1);\n"];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await using var database = new PostgreSqlDatabase(home.Connect(), "x", TimeProvider.System, false);
            await database.WriteAsync(
                async session =>
                {
                    await PostgreSqlSchema.LockAsync(session);
                    await PostgreSqlSchema.MigrateAsync(session, scripts);
                    return true;
                },
                Token);
        })));

        Assert.Equal(["1"], await home.AskAsync("SELECT count(*) FROM nebula.later"));
    }

    [Fact]
    public async Task A_runner_without_the_key_is_refused_and_makes_none()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using (await home.OpenAsync())
        {
        }

        var elsewhere = Directory.CreateTempSubdirectory("nebula-keys-");
        try
        {
            var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => home.OpenAsync(keyFolder: elsewhere.FullName));
            Assert.Contains(elsewhere.FullName, exception.Message, StringComparison.Ordinal);
            Assert.Empty(elsewhere.GetFiles());

            // The file is copied from a runner that has it, under the name that it has there, or any that NEBULA_STORE_KEYFILE says.
            var key = Directory.GetFiles(home.KeyFolder).Single();
            File.Copy(key, Path.Combine(elsewhere.FullName, Path.GetFileName(key)));
            await using (await home.OpenAsync(keyFolder: elsewhere.FullName))
            {
            }

            await using var named = await home.OpenAsync(keys: new KeyFileProvider(key), keyFolder: "/nowhere");
        }
        finally
        {
            elsewhere.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_stores_key_is_replaced_under_a_runner_that_goes_on()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var store = await home.OpenAsync();
        await using var other = await home.OpenAsync();
        var credential = await store.AddAsync(Credential(), Login(password: "one"), null, Token);
        Assert.Equal("one", (await other.GetCurrentLoginAsync(credential.Id, Token)).Login.Password.Reveal());
        var change = await store.ReplaceKeyAsync(new(), Token);

        Assert.NotEqual(change.FormerKeyId, change.KeyId);
        var second = await other.AddAsync(Credential(scope: "another"), Login(password: "two"), null, Token);
        await using var fresh = await home.OpenAsync();
        Assert.Equal("two", (await fresh.GetCurrentLoginAsync(second.Id, Token)).Login.Password.Reveal());
        Assert.True((await fresh.CheckAuditAsync(null, Token)).IsIntact);
    }

    [Fact]
    public async Task Round_trips_are_few_and_counted()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using (await home.OpenAsync())
        {
        }

        await using var counter = new RoundTripCounter(home.Database.Server.Host, home.Database.Server.Port);
        await using var store = await home.OpenAsync(port: counter.Port);
        var (credential, lease, record) = await store.BeginAsync();
        var number = 0;
        Dictionary<string, int> counts = new()
        {
            ["current login"] = await counter.CountAsync(() => store.GetCurrentLoginAsync(credential.Id, Token)),
            ["find"] = await counter.CountAsync(() => store.FindAsync("orders", "global", Token)),
            ["list"] = await counter.CountAsync(() => store.ListAsync(new(), Token)),
            ["renew"] = await counter.CountAsync(() => store.RenewLeaseAsync(lease, LeaseTime, Token)),
            ["holds"] = await counter.CountAsync(() => store.HoldsLeaseAsync(lease, LeaseTime / 2, Token)),
            ["journal"] = await counter.CountAsync(() => store.AppendJournalAsync(lease, record.RotationId, Entry("a", data: "b"), Token)),
            ["document"] = await counter.CountAsync(() => store.WriteDocumentAsync(lease, record.RotationId, new byte[100], Token)),
            ["stage"] = await counter.CountAsync(() => store.AppendStageAsync(lease, Stage(record), Token)),
            ["publish"] = await counter.CountAsync(() => store.PublishVersionAsync(lease, record.RotationId, 2, Login("b", "c"), Token)),
            ["read rotation"] = await counter.CountAsync(() => store.ReadRotationAsync(record.RotationId, Token)),
            ["add"] = await counter.CountAsync(() => store.AddAsync(Credential($"n{number++}"), Login(), null, Token)),
        };
        var second = await store.AddAsync(Credential("second"), Login(), null, Token);
        counts["acquire"] = await counter.CountAsync(() => store.AcquireLeaseAsync(second.Id, LeaseTime, Token));

        Assert.Equal(
            "acquire 1, add 4, current login 1, document 3, find 1, holds 1, journal 4, list 1, publish 5, read rotation 4, renew 1, stage 5",
            string.Join(", ", counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key} {count.Value}")));
    }

    [Fact]
    public async Task Five_hundred_credentials_are_stored_in_seconds()
    {
        await using var home = await StoreHome.CreateAsync(postgres);
        await using var store = await home.OpenAsync();
        var began = TimeProvider.System.GetTimestamp();
        for (var number = 0; number < 500; number++)
            await store.AddAsync(Credential($"c{number}"), Login(), null, Token);
        var elapsed = TimeProvider.System.GetElapsedTime(began);

        Assert.True(elapsed < TimeSpan.FromMinutes(2), $"{elapsed}");
        TestContext.Current.SendDiagnosticMessage($"500 credentials in {elapsed.TotalSeconds:0.0} s");
    }

    private sealed class ShiftedClock(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
