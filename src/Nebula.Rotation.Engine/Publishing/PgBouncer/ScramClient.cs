using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Publishing.PgBouncer;

/// <summary>The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.</summary>
internal sealed class ScramClient(Secret password)
{
    private const string Mechanism = "SCRAM-SHA-256";
    private const int KeyLength = 32;

    // "n,," in base64: no channel binding.
    private const string Binding = "c=biws";

    private readonly string _nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
    private byte[] _serverSignature = [];

    private string Bare => $"n=,r={_nonce}";

    /// <summary>The mechanism and the first message, as a SASLInitialResponse has them.</summary>
    public byte[] First()
    {
        var message = Encoding.UTF8.GetBytes("n,," + Bare);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, message.Length);
        return [.. Encoding.ASCII.GetBytes(Mechanism), 0, .. length, .. message];
    }

    /// <summary>The proof, in answer to the server's challenge.</summary>
    public byte[] Final(ReadOnlySpan<byte> challenge)
    {
        var first = Encoding.UTF8.GetString(challenge);
        var fields = first.Split(',').Where(field => field.Length > 2).ToDictionary(field => field[0], field => field[2..]);
        if (!fields.TryGetValue('r', out var nonce) || !nonce.StartsWith(_nonce, StringComparison.Ordinal) || !fields.TryGetValue('s', out var salt)
            || !fields.TryGetValue('i', out var rounds) || !int.TryParse(rounds, out var iterations) || iterations < 1)
        {
            throw TargetFailure.Because("PgBouncer's console answers SCRAM wrongly.");
        }

        var salted = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(password.Reveal().Normalize(NormalizationForm.FormKC)), Convert.FromBase64String(salt), iterations, HashAlgorithmName.SHA256, KeyLength);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var withoutProof = $"{Binding},r={nonce}";
        var authMessage = Encoding.UTF8.GetBytes($"{Bare},{first},{withoutProof}");
        var signature = HMACSHA256.HashData(SHA256.HashData(clientKey), authMessage);
        _serverSignature = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), authMessage);
        var proof = clientKey.Zip(signature, (one, other) => (byte)(one ^ other)).ToArray();
        return Encoding.UTF8.GetBytes($"{withoutProof},p={Convert.ToBase64String(proof)}");
    }

    /// <summary>The server knows the password, too: nobody else is answering in its place.</summary>
    public void Verify(ReadOnlySpan<byte> answer)
    {
        if (!CryptographicOperations.FixedTimeEquals(answer, Encoding.UTF8.GetBytes($"v={Convert.ToBase64String(_serverSignature)}")))
            throw TargetFailure.Because("What answers as PgBouncer's console does not know the password.");
    }
}
