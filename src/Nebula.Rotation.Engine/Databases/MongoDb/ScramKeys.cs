using System.Security.Cryptography;
using System.Text;
using MongoDB.Bson;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>Whether a password is the one whose derived keys the server keeps (RFC 5802, section 3: StoredKey).</summary>
internal static class ScramKeys
{
    /// <summary>Null where the credentials are of no kind that can be computed here.</summary>
    public static bool? Matches(BsonDocument credentials, Login login)
    {
        var password = login.Password.Reveal();
        if (credentials.TryGetValue("SCRAM-SHA-1", out var sha1))
        {
            // MongoDB's SCRAM-SHA-1 takes a digest of name and password for the password (drivers' specification, "SCRAM-SHA-1").
#pragma warning disable CA5350, CA5351 // The mechanism's own.
            var digest = Convert.ToHexString(MD5.HashData(Encoding.UTF8.GetBytes($"{login.Username}:mongo:{password}"))).ToLowerInvariant();
            return Matches(sha1.AsBsonDocument, digest, HashAlgorithmName.SHA1, HMACSHA1.HashData, SHA1.HashData);
#pragma warning restore CA5350, CA5351
        }

        // What SASLprep leaves as it is; our own passwords are ASCII.
        return credentials.TryGetValue("SCRAM-SHA-256", out var sha256) && Ascii.IsValid(password)
            ? Matches(sha256.AsBsonDocument, password, HashAlgorithmName.SHA256, HMACSHA256.HashData, SHA256.HashData)
            : null;
    }

    private static bool? Matches(BsonDocument kept, string password, HashAlgorithmName hash, Func<byte[], byte[], byte[]> hmac, Func<byte[], byte[]> digest)
    {
        if (!kept.TryGetValue("salt", out var salt) || !kept.TryGetValue("iterationCount", out var iterations) || !kept.TryGetValue("storedKey", out var storedKey))
            return null;
        var expected = Convert.FromBase64String(storedKey.AsString);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), Convert.FromBase64String(salt.AsString), iterations.ToInt32(), hash, expected.Length);
        return CryptographicOperations.FixedTimeEquals(expected, digest(hmac(salted, "Client Key"u8.ToArray())));
    }
}
