using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Scram;

/// <summary>
/// What a server keeps of a password: made here, so that the password itself goes over no wire and into no log. The forms are those of
/// pg_authid.rolpassword (manual, "pg_authid").
/// </summary>
internal static class ScramVerifier
{
    /// <summary>The iterations of a server that has no setting for it (before 16).</summary>
    public const int DefaultIterations = 4096;

    private const int SaltLength = 16;

    private const int KeyLength = 32;

    /// <summary>A SCRAM-SHA-256 verifier with a random salt (RFC 5802, RFC 7677).</summary>
    public static string Create(Secret password, int iterations) => Create(password, iterations, RandomNumberGenerator.GetBytes(SaltLength));

    /// <summary>A SCRAM-SHA-256 verifier with a given salt.</summary>
    public static string Create(Secret password, int iterations, byte[] salt)
    {
        var text = Encoding.UTF8.GetBytes(SaslPrep.Prepare(password.Reveal()));
        var salted = Rfc2898DeriveBytes.Pbkdf2(text, salt, iterations, HashAlgorithmName.SHA256, KeyLength);
        CryptographicOperations.ZeroMemory(text);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var storedKey = SHA256.HashData(clientKey);
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        CryptographicOperations.ZeroMemory(salted);
        CryptographicOperations.ZeroMemory(clientKey);
        return $"SCRAM-SHA-256${iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}";
    }

    /// <summary>The hash of a server whose password_encryption is md5; the user name is its salt.</summary>
    public static string CreateMd5(Login login)
    {
        // The server's choice, for clients that know nothing better; see "Password Authentication" in the manual.
#pragma warning disable CA5351
        var hash = MD5.HashData(Encoding.UTF8.GetBytes(login.Password.Reveal() + login.Username));
#pragma warning restore CA5351
        return "md5" + Convert.ToHexString(hash).ToLowerInvariant();
    }
}
