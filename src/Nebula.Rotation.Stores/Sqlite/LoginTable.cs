using System.Security.Cryptography;
using System.Text;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>User names with their sealed passwords: the versions of a credential, and its admin login.</summary>
internal sealed class LoginTable(ScopeTable scopes)
{
    /// <summary>The version's login from now on, whether the version is new or not.</summary>
    public void Write(SqliteSession session, StoredCredential credential, int version, Login login, DateTimeOffset now)
    {
        var id = credential.Credential.Id;
        session.Execute(
            """
            INSERT INTO versions (credential_id, version, username, secret, created_at) VALUES ($id, $version, $username, $secret, $now)
            ON CONFLICT (credential_id, version) DO UPDATE SET username = excluded.username, secret = excluded.secret
            """,
            ("$id", Column.Of(id)),
            ("$version", version),
            ("$username", login.Username),
            ("$secret", Seal(session, credential.ScopeId, login, AssociatedData.Login(id, version, login.Username))),
            ("$now", Column.Of(now)));
    }

    /// <summary>Null when there is no such version, or its secret was erased.</summary>
    public Login? Read(SqliteSession session, Guid credentialId, int version) => session.First(
        """
        SELECT v.username, v.secret, c.scope_id
        FROM versions v JOIN credentials c ON c.id = v.credential_id
        WHERE v.credential_id = $id AND v.version = $version AND v.secret IS NOT NULL
        """,
        row =>
        {
            var username = row.GetString(0);
            var data = AssociatedData.Login(credentialId, version, username);
            return Open(session, row.GetInt64(2), username, row.GetFieldValue<byte[]>(1), data, $"password of version {version}");
        },
        ("$id", Column.Of(credentialId)),
        ("$version", version));

    public static List<int> ListSecretVersions(SqliteSession session, Guid credentialId) => session.All(
        "SELECT version FROM versions WHERE credential_id = $id AND secret IS NOT NULL ORDER BY version",
        static row => row.GetInt32(0),
        ("$id", Column.Of(credentialId)));

    public static int GetLastVersion(SqliteSession session, Guid credentialId) =>
        session.Scalar("SELECT max(version) FROM versions WHERE credential_id = $id", ("$id", Column.Of(credentialId))) is long last
            ? (int)last
            : throw CredentialTable.NotFound(credentialId);

    public static void Erase(SqliteSession session, Guid credentialId, int version) => session.Execute(
        "UPDATE versions SET secret = NULL WHERE credential_id = $id AND version = $version",
        ("$id", Column.Of(credentialId)),
        ("$version", version));

    /// <summary>Sets the admin login, or takes it away.</summary>
    public void WriteAdmin(SqliteSession session, Guid credentialId, long scopeId, Login? admin) => session.Execute(
        "UPDATE credentials SET admin_username = $username, admin_secret = $secret WHERE id = $id",
        ("$id", Column.Of(credentialId)),
        ("$username", admin?.Username),
        ("$secret", admin is null ? null : Seal(session, scopeId, admin, AssociatedData.AdminLogin(credentialId, admin.Username))));

    public Login? ReadAdmin(SqliteSession session, Guid credentialId) => session.First(
        "SELECT admin_username, admin_secret, scope_id FROM credentials WHERE id = $id AND admin_username IS NOT NULL AND admin_secret IS NOT NULL",
        row =>
        {
            var username = row.GetString(0);
            var data = AssociatedData.AdminLogin(credentialId, username);
            return Open(session, row.GetInt64(2), username, row.GetFieldValue<byte[]>(1), data, "password of the admin login");
        },
        ("$id", Column.Of(credentialId)));

    private byte[] Seal(SqliteSession session, long scopeId, Login login, byte[] associatedData)
    {
        var bytes = Encoding.UTF8.GetBytes(login.Password.Reveal());
        var box = scopes.Seal(session, scopeId, bytes, associatedData);
        CryptographicOperations.ZeroMemory(bytes);
        return box;
    }

    private Login Open(SqliteSession session, long scopeId, string username, byte[] box, byte[] associatedData, string what)
    {
        var bytes = scopes.Open(session, scopeId, box, associatedData, what);
        var login = new Login(username, new Secret(Encoding.UTF8.GetString(bytes)));
        CryptographicOperations.ZeroMemory(bytes);
        return login;
    }
}
