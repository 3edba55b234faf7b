using System.Security.Cryptography;
using System.Text;
using MongoDB.Bson;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>What a server keeps of a password (RFC 5802, section 3).</summary>
internal sealed record WireScramKeys(byte[] Salt, int Iterations, byte[] StoredKey, byte[] ServerKey)
{
    public const string Sha1 = "SCRAM-SHA-1";
    public const string Sha256 = "SCRAM-SHA-256";

    /// <summary>The manual's scramIterationCount and scramSHA256IterationCount are 10000 and 15000; fewer spare the tests' time.</summary>
    private const int IterationCount = 5000;

    public static WireScramKeys Derive(string mechanism, string user, string password)
    {
#pragma warning disable CA5350, CA5351 // The mechanism's own.
        var prepared = mechanism == Sha1 ? Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes($"{user}:mongo:{password}"))) : password.Normalize(NormalizationForm.FormKC);
#pragma warning restore CA5350, CA5351
        var salt = RandomNumberGenerator.GetBytes(mechanism == Sha1 ? 16 : 28);
        var hash = Hash(mechanism);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(prepared), salt, IterationCount, hash, mechanism == Sha1 ? 20 : 32);
        var client = Hmac(mechanism, salted, "Client Key"u8.ToArray());
        return new(salt, IterationCount, CryptographicOperations.HashData(hash, client), Hmac(mechanism, salted, "Server Key"u8.ToArray()));
    }

    public static HashAlgorithmName Hash(string mechanism) => mechanism == Sha1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;

    public static byte[] Hmac(string mechanism, byte[] key, byte[] data) => CryptographicOperations.HmacData(Hash(mechanism), key, data);

    public BsonDocument ToDocument() => new()
    {
        { "iterationCount", Iterations },
        { "salt", Convert.ToBase64String(Salt) },
        { "storedKey", Convert.ToBase64String(StoredKey) },
        { "serverKey", Convert.ToBase64String(ServerKey) },
    };
}

/// <summary>The server's side of one SCRAM conversation (RFC 5802, section 5).</summary>
internal sealed class WireScram(string mechanism, string clientFirst, Func<string, WireUser?> find)
{
    private string _signed = "";
    private WireScramKeys? _keys;
    private string _nonce = "";

    public WireUser? User { get; private set; }

    public string Start()
    {
        var bare = clientFirst[(clientFirst.IndexOf(',', clientFirst.IndexOf(',', StringComparison.Ordinal) + 1) + 1)..];
        var name = Attribute(bare, 'n').Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        User = find(name);
        if (User is null || !User.Credentials.TryGetValue(mechanism, out _keys))
            throw WireError.AuthenticationFailed();
        _nonce = Attribute(bare, 'r') + Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        var first = $"r={_nonce},s={Convert.ToBase64String(_keys.Salt)},i={_keys.Iterations}";
        _signed = $"{bare},{first}";
        return first;
    }

    public string Finish(string clientFinal)
    {
        var withoutProof = clientFinal[..clientFinal.IndexOf(",p=", StringComparison.Ordinal)];
        var message = Encoding.UTF8.GetBytes($"{_signed},{withoutProof}");
        var signature = WireScramKeys.Hmac(mechanism, _keys!.StoredKey, message);
        var proof = Convert.FromBase64String(Attribute(clientFinal, 'p'));
        var client = new byte[proof.Length];
        for (var index = 0; index < proof.Length; index++)
            client[index] = (byte)(proof[index] ^ signature[index]);
        if (Attribute(clientFinal, 'r') != _nonce || !CryptographicOperations.HashData(WireScramKeys.Hash(mechanism), client).AsSpan().SequenceEqual(_keys.StoredKey))
            throw WireError.AuthenticationFailed();
        return $"v={Convert.ToBase64String(WireScramKeys.Hmac(mechanism, _keys.ServerKey, message))}";
    }

    private static string Attribute(string message, char name) =>
        message.Split(',').First(part => part.StartsWith($"{name}=", StringComparison.Ordinal))[2..];
}
