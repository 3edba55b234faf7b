using System.Security.Cryptography;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>What is wrapped with the master key, and the check by which a runner tells whether it has the right one.</summary>
internal static class MasterKeyTable
{
    private const string CheckName = "key-check";

    public static async Task<byte[]> ReadCheckAsync(StoreSession session) =>
        await session.ScalarAsync($"SELECT value FROM meta WHERE key = $key{session.LockClause()}", ("$key", CheckName)) as byte[] ?? throw NoIdentity();

    /// <summary>Called before the master key wraps or opens anything: one that was replaced since would make what nobody can open.</summary>
    public static async Task RequireCurrentAsync(StoreSession session, KeyRing keys) => keys.RequireCurrent(await ReadCheckAsync(session));

    public static StoreDataException NoIdentity() => new("its identity is missing.");

    /// <summary>Wraps everything with another master key, and makes the check anew.</summary>
    /// <returns>The number of scopes.</returns>
    public static async Task<int> RewrapAsync(StoreSession session, KeyRing keys, byte[] next)
    {
        try
        {
            var scopes = await session.AllAsync(
                "SELECT id, folded, wrapped_key FROM scopes", static row => (Id: row.GetInt64(0), Folded: row.GetString(1), Wrapped: row.GetFieldValue<byte[]>(2)));
            foreach (var scope in scopes)
            {
                await session.SendAsync(
                    "UPDATE scopes SET wrapped_key = $key WHERE id = $id",
                    ("$key", keys.RewrapScopeKey(scope.Folded, scope.Wrapped, next)),
                    ("$id", scope.Id));
            }

            if (await session.ScalarAsync("SELECT value FROM meta WHERE key = $key", ("$key", AuditTable.KeyName)) is byte[] audit)
                await WriteAsync(session, AuditTable.KeyName, keys.RewrapAuditKey(audit, next));
            await WriteAsync(session, CheckName, keys.MakeKeyCheck(next));
            return scopes.Count;
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException("one of its keys was changed, or belongs elsewhere.", exception);
        }
    }

    private static Task WriteAsync(StoreSession session, string key, byte[] value) =>
        session.SendAsync("UPDATE meta SET value = $value WHERE key = $key", ("$key", key), ("$value", value));
}
