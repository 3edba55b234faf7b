using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Databases.MySql.Passwords;

/// <summary>What grant tables keep of a password, made here and compared here, for each way of authentication that has one.</summary>
internal static class MySqlPasswordHash
{
    public const string CachingSha2 = "caching_sha2_password";
    public const string Sha256 = "sha256_password";
    public const string Native = "mysql_native_password";
    public const string Ed25519 = "ed25519";

    /// <summary>Salts of MySQL have this many characters (CRYPT_SALT_LENGTH).</summary>
    private const int SaltLength = 20;

    /// <summary>Thousands of rounds in the third field of a hash of caching_sha2_password.</summary>
    private const int RoundsUnit = 1000;

    private const int DefaultRounds = 5000;

    /// <summary>Whether accounts of a plugin have a password that this room can make a hash of.</summary>
    public static bool IsKnown(string plugin) => plugin is CachingSha2 or Sha256 or Native or Ed25519;

    /// <summary>A new hash, as the account's authentication_string has it.</summary>
    public static string Create(string plugin, Secret password)
    {
        var bytes = Encoding.UTF8.GetBytes(password.Reveal());
        try
        {
            switch (plugin)
            {
                case CachingSha2:
                {
                    var salt = Sha256Crypt.NewSalt(SaltLength);
                    return $"$A$005${salt}{Sha256Crypt.Hash(bytes, Encoding.ASCII.GetBytes(salt), DefaultRounds)}";
                }

                case Sha256:
                {
                    var salt = Sha256Crypt.NewSalt(SaltLength);
                    return $"$5${salt}${Sha256Crypt.Hash(bytes, Encoding.ASCII.GetBytes(salt), DefaultRounds)}";
                }

                case Native:
                    return NativeHash(bytes);
                case Ed25519:
                    return Convert.ToBase64String(new Ed25519Key(bytes).PublicKey).TrimEnd('=');
                default:
                    throw new RotationException(RotationErrorCode.DatabaseError, $"Accounts of the plugin {plugin} have no password that can be set here.");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Whether a hash is that of a password.</summary>
    public static bool Matches(string plugin, string hash, Secret password)
    {
        var bytes = Encoding.UTF8.GetBytes(password.Reveal());
        try
        {
            return plugin switch
            {
                CachingSha2 => ParseCachingSha2(hash) is { } parts && FixedEquals(parts.Digest, Sha256Crypt.Hash(bytes, parts.Salt, parts.Rounds)),
                Sha256 => hash.Split('$') is ["", "5", var salt, var digest] && FixedEquals(digest, Sha256Crypt.Hash(bytes, Encoding.UTF8.GetBytes(salt), DefaultRounds)),
                Native => FixedEquals(hash.ToUpperInvariant(), NativeHash(bytes)),
                Ed25519 => FixedEquals(hash, Convert.ToBase64String(new Ed25519Key(bytes).PublicKey).TrimEnd('=')),
                _ => false,
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>A hash that belongs to no password, for an account that nobody may log in to.</summary>
    public static string OfNobody(string plugin) => plugin switch
    {
        // As MySQL's own reserved accounts have it (manual, "Reserved Accounts").
        CachingSha2 => "$A$005$THISISACOMBINATIONOFINVALIDSALTANDPASSWORDTHATMUSTNEVERBRBEUSED",
        Sha256 => "$5$THISISNOTASALTATALLX$THISISNOTADIGESTTHATCOULDEVERBEMADEOFATEXTX",
        Native => "*THISISNOTAVALIDPASSWORDTHATCANBEUSEDHERE",
        _ => "",
    };

    [SuppressMessage("Security", "CA5350", Justification = "What mysql_native_password is: SHA-1 of SHA-1 (MySQL internals, \"Secure Password Authentication\").")]
    private static string NativeHash(byte[] password) => password.Length == 0 ? "" : "*" + Convert.ToHexString(SHA1.HashData(SHA1.HashData(password)));

    /// <summary>$A$005$, 20 bytes of salt that may be any (the server draws them), 43 characters.</summary>
    private static (byte[] Salt, int Rounds, string Digest)? ParseCachingSha2(string hash)
    {
        var bytes = Encoding.UTF8.GetBytes(hash);
        return bytes.Length == 7 + SaltLength + 43
            && hash.StartsWith("$A$", StringComparison.Ordinal)
            && int.TryParse(hash.AsSpan(3, 3), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var thousands)
            && bytes[6] == '$'
            ? (bytes[7..(7 + SaltLength)], thousands * RoundsUnit, Encoding.ASCII.GetString(bytes.AsSpan(7 + SaltLength)))
            : null;
    }

    private static bool FixedEquals(string left, string right) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));
}
