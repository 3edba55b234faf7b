using System.Numerics;
using System.Security.Cryptography;

namespace Nebula.Rotation.Engine.Databases.MySql.Passwords;

/// <summary>
/// Ed25519 (RFC 8032, 5.1) as MariaDB's plugin of that name uses it: the secret is the password itself, of any length, where the RFC has 32 bytes, so that no
/// library's key type takes it. Plain numbers: the time it takes is not the same for every password. Who could measure that has this process.
/// </summary>
internal sealed class Ed25519Key
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
    private static readonly BigInteger D = Mod(-121665 * Inverse(121666));
    private static readonly Point Base = MakeBase();

    private readonly BigInteger _scalar;
    private readonly byte[] _prefix;

    public Ed25519Key(ReadOnlySpan<byte> secret)
    {
        var hash = SHA512.HashData(secret);
        hash[0] &= 248;
        hash[31] &= 127;
        hash[31] |= 64;
        _scalar = Read(hash.AsSpan(0, 32));
        _prefix = hash[32..];
        PublicKey = Encode(Multiply(_scalar));
    }

    /// <summary>What the server keeps, as base 64 without padding.</summary>
    public byte[] PublicKey { get; }

    /// <summary>RFC 8032, 5.1.6.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var r = Mod(Read(SHA512.HashData([.. _prefix, .. message])), Order);
        var encoded = Encode(Multiply(r));
        var k = Mod(Read(SHA512.HashData([.. encoded, .. PublicKey, .. message])), Order);
        return [.. encoded, .. Write(Mod(r + (k * _scalar), Order))];
    }

    private static Point MakeBase()
    {
        var y = Mod(4 * Inverse(5));
        var square = Mod(((y * y) - 1) * Inverse((D * y * y) + 1));
        var x = BigInteger.ModPow(square, (P + 3) / 8, P);
        if (Mod((x * x) - square) != 0)
            x = Mod(x * BigInteger.ModPow(2, (P - 1) / 4, P));
        if (!x.IsEven)
            x = P - x;
        return new(x, y, 1, Mod(x * y));
    }

    private static Point Multiply(BigInteger scalar)
    {
        var result = new Point(0, 1, 1, 0);
        var power = Base;
        for (; scalar > 0; scalar >>= 1)
        {
            if (!scalar.IsEven)
                result = result.Add(power);
            power = power.Add(power);
        }

        return result;
    }

    private static byte[] Encode(Point point)
    {
        var inverse = Inverse(point.Z);
        var bytes = Write(Mod(point.Y * inverse));
        if (!Mod(point.X * inverse).IsEven)
            bytes[31] |= 128;
        return bytes;
    }

    private static BigInteger Read(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true);

    private static byte[] Write(BigInteger number)
    {
        var bytes = new byte[32];
        number.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes;
    }

    private static BigInteger Inverse(BigInteger number) => BigInteger.ModPow(Mod(number), P - 2, P);

    private static BigInteger Mod(BigInteger number) => Mod(number, P);

    private static BigInteger Mod(BigInteger number, BigInteger modulus) => ((number % modulus) + modulus) % modulus;

    /// <summary>Extended coordinates (RFC 8032, 5.1.4).</summary>
    private readonly record struct Point(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T)
    {
        public Point Add(Point other)
        {
            var a = Mod((Y - X) * (other.Y - other.X));
            var b = Mod((Y + X) * (other.Y + other.X));
            var c = Mod(T * 2 * D * other.T);
            var d = Mod(Z * 2 * other.Z);
            var (e, f, g, h) = (b - a, d - c, d + c, b + a);
            return new(Mod(e * f), Mod(g * h), Mod(f * g), Mod(e * h));
        }
    }
}
