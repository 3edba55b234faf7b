using System.Text;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>What lies in the files: no secret in any spelling, and no sealed value that opens in another place.</summary>
public sealed class SqliteSecrecyTests : SqliteFixture
{
    private const string Canary = "Canary~9d1f-Zürich";

    [Fact]
    public async Task No_secret_lies_in_any_file_of_the_store_in_any_spelling()
    {
        await using (var store = await OpenAsync())
        {
            var credential = await store.AddAsync(Credential(), Login(password: Canary), Login("boss", Canary), Token);
            var lease = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
            var record = Record(credential);
            await store.BeginRotationAsync(lease, record, Encoding.UTF8.GetBytes(Canary), Token);
            await store.WriteDocumentAsync(lease, record.RotationId, Encoding.UTF8.GetBytes("x" + Canary), Token);
            await store.AppendJournalAsync(lease, record.RotationId, Entry("create", data: Canary), Token);
            await store.PublishVersionAsync(lease, record.RotationId, 2, Login("orders_b", Canary), Token);
            await store.EraseSecretAsync(lease, 1, Token);
            var copy = Path.GetDirectoryName(CopyFolder())!;
            Assert.Contains("store.db-wal", Directory.GetFiles(copy).Select(Path.GetFileName));
            Assert.Empty(FindSecret(copy));
        }

        Assert.Empty(FindSecret(Folder));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("base64-1")]
    [InlineData("hex")]
    [InlineData("utf16")]
    [InlineData("json")]
    [InlineData("url")]
    public void The_scanner_finds_a_planted_leak(string spelling)
    {
        var leak = spelling switch
        {
            "base64-1" => Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes("p" + Canary + "q"))),
            "hex" => Encoding.ASCII.GetBytes(Convert.ToHexString(Encoding.UTF8.GetBytes(Canary))),
            "utf16" => Encoding.Unicode.GetBytes(Canary),
            "json" => Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(Canary)),
            "url" => Encoding.ASCII.GetBytes(Uri.EscapeDataString(Canary)),
            _ => Encoding.UTF8.GetBytes(Canary),
        };
        File.WriteAllBytes(Path.Combine(Folder, "x"), [1, 2, .. leak, 3]);

        Assert.NotEmpty(FindSecret(Folder));
    }

    [Theory]
    [InlineData("CREATE TEMP TABLE o AS SELECT * FROM versions; UPDATE versions SET secret = o.secret FROM o WHERE o.credential_id <> versions.credential_id")]
    [InlineData("UPDATE versions SET secret = (SELECT admin_secret FROM credentials WHERE id = credential_id)")]
    [InlineData("UPDATE versions SET username = 'postgres'")]
    [InlineData("UPDATE versions SET secret = substr(secret, 1, length(secret) - 1)")]
    [InlineData("UPDATE versions SET secret = x''")]
    [InlineData("UPDATE versions SET secret = CAST(x'02' || substr(secret, 2) AS BLOB)")]
    [InlineData("CREATE TEMP TABLE o AS SELECT * FROM scopes; UPDATE scopes SET wrapped_key = o.wrapped_key FROM o WHERE o.id <> scopes.id")]
    public async Task A_login_does_not_open_where_it_was_not_sealed(string sql)
    {
        DatabaseCredential one, two;
        await using (var store = await OpenAsync())
        {
            one = await store.AddAsync(Credential(), Login(password: Canary), Login("boss", Canary), Token);
            two = await store.AddAsync(Credential("two", "other"), Login(password: Canary), Login("boss", Canary), Token);
        }

        Meddle(sql);
        await using var again = await OpenAsync();
        foreach (var id in new[] { one.Id, two.Id })
        {
            var exception = await RefusedAsync(RotationErrorCode.StoreCorrupt, () => again.GetCurrentLoginAsync(id, Token));
            Assert.DoesNotContain(Canary, exception.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Two_logins_of_one_scope_cannot_be_swapped()
    {
        await using (var store = await OpenAsync())
        {
            await store.AddAsync(Credential("one"), Login(password: "1"), null, Token);
            await store.AddAsync(Credential("two"), Login(password: "2"), null, Token);
        }

        Meddle("CREATE TEMP TABLE o AS SELECT * FROM versions; UPDATE versions SET secret = o.secret FROM o WHERE o.credential_id <> versions.credential_id");
        await using var again = await OpenAsync();
        foreach (var credential in await again.ListAsync(new(), Token))
            await RefusedAsync(RotationErrorCode.StoreCorrupt, () => again.GetCurrentLoginAsync(credential.Id, Token));
    }

    [Theory]
    [InlineData("UPDATE credentials SET admin_username = 'postgres'")]
    [InlineData("UPDATE credentials SET admin_secret = (SELECT secret FROM versions)")]
    public async Task An_admin_login_does_not_open_where_it_was_not_sealed(string sql)
    {
        var credential = await MakeAsync();
        Meddle(sql);
        await using var store = await OpenAsync();

        await RefusedAsync(RotationErrorCode.StoreCorrupt, () => store.GetAdminLoginAsync(credential.Id, Token));
    }

    [Theory]
    [InlineData("UPDATE journal SET sequence = 3 - sequence + 10; UPDATE journal SET sequence = sequence - 10")]
    [InlineData("UPDATE journal SET step = 'other'")]
    [InlineData("UPDATE journal SET data = (SELECT document FROM rotations)")]
    [InlineData("UPDATE rotations SET document = (SELECT data FROM journal LIMIT 1)")]
    public async Task Journal_and_document_do_not_open_where_they_were_not_sealed(string sql)
    {
        Guid id;
        await using (var store = await OpenAsync())
        {
            var (_, lease, record) = await store.BeginAsync();
            id = record.RotationId;
            await store.AppendJournalAsync(lease, id, Entry("create", data: Canary), Token);
            await store.AppendJournalAsync(lease, id, Entry("create", data: Canary), Token);
        }

        Meddle(sql);
        await using var again = await OpenAsync();
        await RefusedAsync(RotationErrorCode.StoreCorrupt, () => again.ReadRotationAsync(id, Token));
    }

    [Fact]
    public async Task The_same_password_is_never_sealed_to_the_same_bytes()
    {
        await using (var store = await OpenAsync())
        {
            var credential = await store.AddAsync(Credential(), Login(), null, Token);
            Meddle("CREATE TABLE before AS SELECT secret FROM versions");
            await store.UpdateAsync(credential, null, Login(), Token);
        }

        Meddle("CREATE TABLE must_differ (a INTEGER CHECK (a)); INSERT INTO must_differ SELECT b.secret <> v.secret FROM before b, versions v");
    }

    /// <summary>Where the canary is found: as UTF-8, UTF-16, hex, base64 at each of its three phases, JSON- and URL-escaped.</summary>
    private static List<string> FindSecret(string folder)
    {
        var utf8 = Encoding.UTF8.GetBytes(Canary);
        var needles = new List<(string Name, byte[] Bytes)>
        {
            ("utf8", utf8),
            ("ascii part", Encoding.ASCII.GetBytes("Canary~9d1f")),
            ("utf16", Encoding.Unicode.GetBytes("Canary~9d1f")),
            ("hex", Encoding.ASCII.GetBytes(Convert.ToHexString(utf8))),
            ("hex lower", Encoding.ASCII.GetBytes(Convert.ToHexString(utf8).ToLowerInvariant())),
        };
        for (var phase = 0; phase < 3; phase++)
        {
            // The characters at both ends depend on the neighbours; those between do not.
            var text = Convert.ToBase64String([.. new byte[phase], .. utf8]);
            needles.Add(($"base64 phase {phase}", Encoding.ASCII.GetBytes(text[4..^4])));
        }

        return [.. from file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
                   let content = File.ReadAllBytes(file)
                   from needle in needles
                   where content.AsSpan().IndexOf(needle.Bytes) >= 0
                   select $"{needle.Name} in {file}"];
    }
}
