using System.Security.Cryptography;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>What is wrapped with the master key, and the check by which a runner tells whether it has the right one.</summary>
internal static class MasterKeyTable
{
    private const string CheckName = "key-check";

    public static byte[] ReadCheck(SqliteSession session) =>
        session.Scalar("SELECT value FROM meta WHERE key = $key", ("$key", CheckName)) as byte[] ?? throw new StoreDataException("its identity is missing.");

    /// <summary>Called before the master key wraps or opens anything: one that was replaced since would make what nobody can open.</summary>
    public static void RequireCurrent(SqliteSession session, KeyRing keys) => keys.RequireCurrent(ReadCheck(session));

    /// <summary>Wraps everything with another master key, and makes the check anew.</summary>
    /// <returns>The number of scopes.</returns>
    public static int Rewrap(SqliteSession session, KeyRing keys, byte[] next)
    {
        try
        {
            var scopes = session.All(
                "SELECT id, folded, wrapped_key FROM scopes", static row => (Id: row.GetInt64(0), Folded: row.GetString(1), Wrapped: row.GetFieldValue<byte[]>(2)));
            foreach (var scope in scopes)
            {
                session.Execute(
                    "UPDATE scopes SET wrapped_key = $key WHERE id = $id",
                    ("$key", keys.RewrapScopeKey(scope.Folded, scope.Wrapped, next)),
                    ("$id", scope.Id));
            }

            if (session.Scalar("SELECT value FROM meta WHERE key = $key", ("$key", AuditTable.KeyName)) is byte[] audit)
                Write(session, AuditTable.KeyName, keys.RewrapAuditKey(audit, next));
            Write(session, CheckName, keys.MakeKeyCheck(next));
            return scopes.Count;
        }
        catch (CryptographicException exception)
        {
            throw new StoreDataException("one of its keys was changed, or belongs elsewhere.", exception);
        }
    }

    private static void Write(SqliteSession session, string key, byte[] value) =>
        session.Execute("UPDATE meta SET value = $value WHERE key = $key", ("$key", key), ("$value", value));
}
