using CsCheck;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>What holds for any text and any bytes.</summary>
public sealed class StoreProperties : SqliteFixture
{
    private static readonly Gen<string> Nasty = Gen.OneOf(
            Gen.OneOf(
                "'", "''", "\"", "\\", "`", "%", "%41", "@", ":", "/", "?", "#", "&", "=", ";", "--", "/*", "$1", "$name", "{0}", "{name}", " ", "\t",
                "\r\n", "\u0001", "ü", "u\u0308", "ß", "İ", "数", "\ud83d\ude00", "\u202e", "\ufeff", "\u200b", "*", "[", "]", "<x>", "NULL", "()", "\\u0041"),
            Gen.Char.AlphaNumeric.Select(static character => character.ToString()))
        .Array[0, 12].Select(static parts => string.Concat(parts));

    private static readonly Gen<string> NastyName = Nasty.Where(static name =>
    {
        try
        {
            CredentialNames.Check(name, "name");
            return true;
        }
        catch (RotationException)
        {
            return false;
        }
    });

    [Fact]
    public async Task Any_name_user_name_and_password_come_back_exactly()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        await Gen.Select(NastyName, Nasty, Nasty).SampleAsync(
            async (name, username, password) =>
            {
                var added = await store.AddAsync(Credential(name) with { Database = username, Tag = [password] }, Login(username, password), Login(password, username), Token);
                var found = await other.FindAsync(name, "global", Token);
                var live = await other.GetCurrentLoginAsync(added.Id, Token);
                var admin = await other.GetAdminLoginAsync(added.Id, Token);
                Assert.Equal(name, found!.Name);
                Assert.Equal(username, found.Database);
                Assert.Equal(password, Assert.Single(found.Tag));
                Assert.Equal((username, password), (live.Login.Username, live.Login.Password.Reveal()));
                Assert.Equal((password, username), (admin!.Username, admin.Password.Reveal()));
                await store.RemoveAsync(added.Id, Token);
            },
            iter: 150,
            threads: 1);
    }

    [Fact]
    public async Task Any_journal_data_and_document_come_back_exactly()
    {
        await using var store = await OpenAsync();
        var (_, lease, record) = await store.BeginAsync();
        var count = 0;
        await Gen.Select(Nasty, Nasty, Gen.Byte.Array).SampleAsync(
            async (step, data, document) =>
            {
                var entry = Entry(step, JournalPhase.Done, data);
                await store.AppendJournalAsync(lease, record.RotationId, entry, Token);
                await store.WriteDocumentAsync(lease, record.RotationId, document, Token);
                var journal = (await store.ReadRotationAsync(record.RotationId, Token))!;
                Assert.Equal(++count, journal.Entries.Count);
                Assert.Equal(entry, journal.Entries[^1]);
                Assert.Equal(document, journal.Document.ToArray());
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void A_sealed_value_opens_with_its_own_key_and_place_only() => Gen.Select(Gen.Byte.Array, Gen.Byte.Array[32], Gen.Byte.Array[0, 40], Gen.Int[0, int.MaxValue]).Sample(
        (plaintext, key, place, where) =>
        {
            var box = SealedBox.Seal(key, plaintext, place);
            Assert.Equal(plaintext, SealedBox.Open(key, box, place));
            var changed = box.ToArray();
            changed[where % box.Length] ^= (byte)(1 << (where % 8));
            Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => SealedBox.Open(key, changed, place));
            Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => SealedBox.Open(key, box, [.. place, 0]));
            key[where % 32] ^= 1;
            Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => SealedBox.Open(key, box, place));
        });

    [Fact]
    public void Two_places_never_have_the_same_associated_data() => Gen.Select(Gen.Int[0, 20], Nasty, Gen.Int[0, 20], Nasty).Sample(
        static (versionA, nameA, versionB, nameB) =>
            (versionA == versionB && nameA == nameB) == AssociatedData.Login(Guid.Empty, versionA, nameA).AsSpan().SequenceEqual(AssociatedData.Login(Guid.Empty, versionB, nameB)));

    [Fact]
    public void Folding_twice_is_folding_once() => Nasty.Sample(static name => CredentialNames.Fold(CredentialNames.Fold(name)) == CredentialNames.Fold(name));

    [Fact]
    public void A_pattern_of_stars_and_letters_matches_as_a_regular_expression_does() => Gen.Select(
        Gen.Char["ab*?"].Array[0, 8], Gen.Char["ab"].Array[0, 10]).Sample(
        static (pattern, name) =>
        {
            var regex = "^" + string.Concat(pattern.Select(static character => character switch { '*' => ".*", '?' => ".", _ => character.ToString() })) + "$";
            return new Wildcard(new string(pattern)).IsMatch(new string(name).ToUpperInvariant())
                == System.Text.RegularExpressions.Regex.IsMatch(new string(name), regex);
        });
}
