using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>Scopes and their data keys: what every sealed value of the store is opened with.</summary>
internal sealed class ScopeTable(KeyRing keys)
{
    /// <summary>
    /// What a statement selects of the scopes s, to open what else it selects. The check of the master key comes with it: read by one statement they belong
    /// together, even while the key is replaced.
    /// </summary>
    public const string KeyColumns = "s.id, s.name, s.folded, s.wrapped_key, (SELECT value FROM meta WHERE key = 'key-check')";

    /// <summary>Reads <see cref="KeyColumns"/>.</summary>
    public static ScopeKey ReadKey(DbDataReader row, int column) => new(
        row.GetInt64(column), row.GetString(column + 1), row.GetString(column + 2), row.GetFieldValue<byte[]>(column + 3), row.BlobOrNull(column + 4));

    /// <summary>The scope's id; a scope that was never used is made, with its data key.</summary>
    public async Task<long> GetOrAddAsync(StoreSession session, string name)
    {
        var folded = CredentialNames.Fold(name);
        const string Select = "SELECT id FROM scopes WHERE folded = $folded";
        if (await session.ScalarAsync(Select, ("$folded", folded)) is long found)
            return found;

        await MasterKeyTable.RequireCurrentAsync(session, keys);

        // Another runner may make it this very moment: then its key counts.
        await session.SendAsync(
            "INSERT INTO scopes (name, folded, wrapped_key) VALUES ($name, $folded, $key) ON CONFLICT (folded) DO NOTHING",
            ("$name", name),
            ("$folded", folded),
            ("$key", keys.MakeScopeKey(folded)));
        return Convert.ToInt64(await session.ScalarAsync(Select, ("$folded", folded)), CultureInfo.InvariantCulture);
    }

    /// <summary>The scope's data key, which stays the ring's.</summary>
    public async Task<byte[]> GetKeyAsync(StoreSession session, long scopeId)
    {
        if (keys.FindScopeKey(scopeId) is { } known)
            return known;

        return Unwrap(await session.FirstAsync($"SELECT {KeyColumns} FROM scopes s WHERE s.id = $id", static row => ReadKey(row, 0), ("$id", scopeId))
            ?? throw new StoreDataException("a credential belongs to a scope that does not exist."));
    }

    /// <summary>Gives the plaintext; <c>what</c> it is goes into the message when it does not open.</summary>
    public byte[] Open(ScopeKey scope, byte[] box, byte[] associatedData, string what) => Open(Unwrap(scope), box, associatedData, what);

    /// <summary>Gives the plaintext; <c>what</c> it is goes into the message when it does not open.</summary>
    public static byte[] Open(byte[] key, byte[] box, byte[] associatedData, string what)
    {
        try
        {
            return SealedBox.Open(key, box, associatedData);
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException($"the encrypted {what} was changed, or belongs elsewhere.", exception);
        }
    }

    /// <summary>Called when what was written was rolled back: a scope made in it does not exist.</summary>
    public void Forget() => keys.ForgetScopes();

    private byte[] Unwrap(ScopeKey scope)
    {
        if (keys.FindScopeKey(scope.Id) is { } known)
            return known;

        keys.RequireCurrent(scope.KeyCheck ?? throw MasterKeyTable.NoIdentity());
        try
        {
            return keys.UnwrapScopeKey(scope.Id, scope.Folded, scope.Wrapped);
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException("the data key of a scope was changed, or belongs elsewhere.", exception);
        }
    }
}

/// <summary>A scope with its wrapped data key, and the check of the master key that it was read with.</summary>
internal sealed record ScopeKey(long Id, string Name, string Folded, byte[] Wrapped, byte[]? KeyCheck);
