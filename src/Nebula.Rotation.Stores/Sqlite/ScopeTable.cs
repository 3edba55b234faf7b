using System.Globalization;
using System.Security.Cryptography;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>Scopes and their data keys: what every sealed value of the store is opened with.</summary>
internal sealed class ScopeTable(KeyRing keys)
{
    /// <summary>The scope's id; a scope that was never used is made, with its data key.</summary>
    public long GetOrAdd(SqliteSession session, string name)
    {
        var folded = CredentialNames.Fold(name);
        const string Select = "SELECT id FROM scopes WHERE folded = $folded";
        if (session.Scalar(Select, ("$folded", folded)) is long found)
            return found;

        MasterKeyTable.RequireCurrent(session, keys);
        session.Execute(
            "INSERT INTO scopes (name, folded, wrapped_key) VALUES ($name, $folded, $key)",
            ("$name", name),
            ("$folded", folded),
            ("$key", keys.MakeScopeKey(folded)));
        return Convert.ToInt64(session.Scalar(Select, ("$folded", folded)), CultureInfo.InvariantCulture);
    }

    public byte[] Seal(SqliteSession session, long scopeId, ReadOnlySpan<byte> plaintext, byte[] associatedData) =>
        SealedBox.Seal(GetKey(session, scopeId), plaintext, associatedData);

    /// <summary>Gives the plaintext; <c>what</c> it is goes into the message when it does not open.</summary>
    public byte[] Open(SqliteSession session, long scopeId, byte[] box, byte[] associatedData, string what)
    {
        try
        {
            return SealedBox.Open(GetKey(session, scopeId), box, associatedData);
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException($"the encrypted {what} was changed, or belongs elsewhere.", exception);
        }
    }

    /// <summary>Called when what was written was rolled back: a scope made in it does not exist.</summary>
    public void Forget() => keys.ForgetScopes();

    private byte[] GetKey(SqliteSession session, long scopeId)
    {
        if (keys.FindScopeKey(scopeId) is { } known)
            return known;

        MasterKeyTable.RequireCurrent(session, keys);
        var (folded, wrapped) = session.First(
            "SELECT folded, wrapped_key FROM scopes WHERE id = $id",
            static row => Tuple.Create(row.GetString(0), row.GetFieldValue<byte[]>(1)),
            ("$id", scopeId)) ?? throw new StoreDataException("a credential belongs to a scope that does not exist.");
        try
        {
            return keys.UnwrapScopeKey(scopeId, folded, wrapped);
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException("the data key of a scope was changed, or belongs elsewhere.", exception);
        }
    }
}
