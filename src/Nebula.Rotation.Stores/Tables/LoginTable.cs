using System.Security.Cryptography;
using System.Text;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>User names with their sealed passwords: the versions of a credential, and its admin login.</summary>
internal sealed class LoginTable(ScopeTable scopes)
{
    /// <summary>The version's login from now on, whether the version is new or not.</summary>
    public async Task WriteAsync(StoreSession session, StoredCredential credential, int version, Login login, DateTimeOffset now)
    {
        var id = credential.Credential.Id;
        var box = Seal(await scopes.GetKeyAsync(session, credential.ScopeId), login, AssociatedData.Login(id, version, login.Username));
        await session.SendAsync(
            """
            INSERT INTO versions (credential_id, version, username, secret, created_at) VALUES ($id, $version, $username, $secret, $now)
            ON CONFLICT (credential_id, version) DO UPDATE SET username = excluded.username, secret = excluded.secret
            """,
            ("$id", Column.Of(id)),
            ("$version", version),
            ("$username", login.Username),
            ("$secret", box),
            ("$now", Column.Of(now)));
    }

    /// <summary>The live login with its version; null when there is no such credential.</summary>
    public async Task<LoginVersion?> ReadCurrentAsync(StoreSession session, Guid credentialId) => await session.FirstAsync(
        $"""
        SELECT c.version, v.username, v.secret, {ScopeTable.KeyColumns}
        FROM credentials c JOIN scopes s ON s.id = c.scope_id LEFT JOIN versions v ON v.credential_id = c.id AND v.version = c.version
        WHERE c.id = $id
        """,
        row =>
        {
            var version = row.GetInt32(0);
            if (row.BlobOrNull(2) is not { } secret)
                throw new StoreDataException("the live version of a credential has no login.");
            var username = row.GetString(1);
            var data = AssociatedData.Login(credentialId, version, username);
            return new LoginVersion(version, Open(ScopeTable.ReadKey(row, 3), username, secret, data, $"password of version {version}"));
        },
        ("$id", Column.Of(credentialId)));

    /// <summary>Null when there is no such version, or its secret was erased.</summary>
    public Task<Login?> ReadAsync(StoreSession session, Guid credentialId, int version) => session.FirstAsync(
        $"""
        SELECT v.username, v.secret, {ScopeTable.KeyColumns}
        FROM versions v JOIN credentials c ON c.id = v.credential_id JOIN scopes s ON s.id = c.scope_id
        WHERE v.credential_id = $id AND v.version = $version AND v.secret IS NOT NULL
        """,
        row =>
        {
            var username = row.GetString(0);
            var data = AssociatedData.Login(credentialId, version, username);
            return Open(ScopeTable.ReadKey(row, 2), username, row.GetFieldValue<byte[]>(1), data, $"password of version {version}");
        },
        ("$id", Column.Of(credentialId)),
        ("$version", version));

    public static Task<List<int>> ListSecretVersionsAsync(StoreSession session, Guid credentialId) => session.AllAsync(
        "SELECT version FROM versions WHERE credential_id = $id AND secret IS NOT NULL ORDER BY version",
        static row => row.GetInt32(0),
        ("$id", Column.Of(credentialId)));

    public static async Task<int> GetLastVersionAsync(StoreSession session, Guid credentialId) =>
        await session.ScalarAsync("SELECT max(version) FROM versions WHERE credential_id = $id", ("$id", Column.Of(credentialId))) is long last
            ? (int)last
            : throw CredentialTable.NotFound(credentialId);

    public static Task EraseAsync(StoreSession session, Guid credentialId, int version) => session.SendAsync(
        "UPDATE versions SET secret = NULL WHERE credential_id = $id AND version = $version",
        ("$id", Column.Of(credentialId)),
        ("$version", version));

    /// <summary>Sets the admin login, or takes it away.</summary>
    public async Task WriteAdminAsync(StoreSession session, Guid credentialId, long scopeId, Login? admin)
    {
        var box = admin is null ? null : Seal(await scopes.GetKeyAsync(session, scopeId), admin, AssociatedData.AdminLogin(credentialId, admin.Username));
        await session.SendAsync(
            "UPDATE credentials SET admin_username = $username, admin_secret = $secret WHERE id = $id",
            ("$id", Column.Of(credentialId)),
            ("$username", admin?.Username),
            ("$secret", box));
    }

    public Task<Login?> ReadAdminAsync(StoreSession session, Guid credentialId) => session.FirstAsync(
        $"""
        SELECT c.admin_username, c.admin_secret, {ScopeTable.KeyColumns}
        FROM credentials c JOIN scopes s ON s.id = c.scope_id
        WHERE c.id = $id AND c.admin_username IS NOT NULL AND c.admin_secret IS NOT NULL
        """,
        row =>
        {
            var username = row.GetString(0);
            var data = AssociatedData.AdminLogin(credentialId, username);
            return Open(ScopeTable.ReadKey(row, 2), username, row.GetFieldValue<byte[]>(1), data, "password of the admin login");
        },
        ("$id", Column.Of(credentialId)));

    private static byte[] Seal(byte[] key, Login login, byte[] associatedData)
    {
        var bytes = Encoding.UTF8.GetBytes(login.Password.Reveal());
        var box = SealedBox.Seal(key, bytes, associatedData);
        CryptographicOperations.ZeroMemory(bytes);
        return box;
    }

    private Login Open(ScopeKey scope, string username, byte[] box, byte[] associatedData, string what)
    {
        var bytes = scopes.Open(scope, box, associatedData, what);
        var login = new Login(username, new Secret(Encoding.UTF8.GetString(bytes)));
        CryptographicOperations.ZeroMemory(bytes);
        return login;
    }
}
