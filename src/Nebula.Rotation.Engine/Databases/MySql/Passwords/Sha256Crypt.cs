using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.MySql.Passwords;

/// <summary>
/// SHA-crypt with SHA-256 (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512"), as caching_sha2_password and sha256_password store it. MySQL's salt has 20
/// characters, where crypt(3) cuts after 16.
/// </summary>
internal static class Sha256Crypt
{
    private const string Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>The 43 characters of the digest.</summary>
    public static string Hash(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int rounds)
    {
        var b = SHA256.HashData([.. password, .. salt, .. password]);
        var start = new List<byte>([.. password, .. salt]);
        for (var left = password.Length; left > 0; left -= 32)
            start.AddRange(b.AsSpan(0, Math.Min(32, left)));
        for (var bits = password.Length; bits > 0; bits >>= 1)
            start.AddRange((bits & 1) != 0 ? b : password);
        var a = SHA256.HashData(start.ToArray());

        var p = Stretch(SHA256.HashData(Repeat(password, password.Length)), password.Length);
        var s = Stretch(SHA256.HashData(Repeat(salt, 16 + a[0])), salt.Length);
        for (var round = 0; round < rounds; round++)
        {
            var input = new List<byte>(128);
            input.AddRange((round & 1) != 0 ? p : a);
            if (round % 3 != 0)
                input.AddRange(s);
            if (round % 7 != 0)
                input.AddRange(p);
            input.AddRange((round & 1) != 0 ? a : p);
            a = SHA256.HashData(input.ToArray());
        }

        return Encode(a);
    }

    /// <summary>A salt of characters that mean nothing in a literal.</summary>
    public static string NewSalt(int length) => RandomNumberGenerator.GetString(Alphabet, length);

    private static byte[] Repeat(ReadOnlySpan<byte> bytes, int times)
    {
        var result = new byte[bytes.Length * times];
        for (var index = 0; index < times; index++)
            bytes.CopyTo(result.AsSpan(index * bytes.Length));
        return result;
    }

    private static byte[] Stretch(byte[] digest, int length)
    {
        var result = new byte[length];
        for (var index = 0; index < length; index++)
            result[index] = digest[index % digest.Length];
        return result;
    }

    private static string Encode(byte[] a)
    {
        var text = new StringBuilder(43);
        void Add(int b2, int b1, int b0, int characters)
        {
            var word = (b2 << 16) | (b1 << 8) | b0;
            for (; characters > 0; characters--, word >>= 6)
                text.Append(Alphabet[word & 63]);
        }

        var (x, y, z) = (0, 10, 20);
        for (var group = 0; group < 10; group++)
        {
            Add(a[x], a[y], a[z], 4);
            (x, y, z) = (z + 1, x + 1, y + 1);
        }

        Add(0, a[31], a[30], 3);
        return text.ToString();
    }
}
