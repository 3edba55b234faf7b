using System.Globalization;
using System.Security.Cryptography;
using Nebula.Rotation.Stores.Encryption;

namespace Nebula.Rotation.Stores.Audit;

/// <summary>
/// The codes of the audit trail: each is an HMAC-SHA-256 (RFC 2104) over its entry and the code of the entry before, with a key that only the store's
/// master key opens. Whoever can write to the store but has no key can change no entry, leave none out and put none elsewhere without the chain breaking
/// there; the last one is pinned by the sealed head.
/// </summary>
internal static class AuditChain
{
    public const int CodeSize = HMACSHA256.HashSizeInBytes;

    /// <summary>What stands where the first entry has no code before it.</summary>
    public static byte[] Origin { get; } = new byte[CodeSize];

    public static byte[] CodeOf(ReadOnlySpan<byte> key, AuditRow row, ReadOnlySpan<byte> previous) => HMACSHA256.HashData(
        key,
        AssociatedData.AuditEntry(
            row.Sequence, row.At, row.Actor, row.Action, row.CredentialId, row.Credential, row.Scope, row.RotationId ?? "", row.Outcome, row.Details, Convert.ToHexString(previous)));

    /// <summary>Number and code as a text to keep elsewhere.</summary>
    public static string FormatHead(long sequence, ReadOnlySpan<byte> code) => string.Create(
        CultureInfo.InvariantCulture, $"{sequence}:{Convert.ToHexString(code)}");

    /// <exception cref="RotationException">InvalidArgument: it is no head.</exception>
    public static (long Sequence, string Code) ParseHead(string text)
    {
        var parts = text.Trim().Split(':');
        if (parts is [var number, { Length: CodeSize * 2 } code]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            && code.All(char.IsAsciiHexDigit))
        {
            return (sequence, code.ToUpperInvariant());
        }

        throw new RotationException(
            RotationErrorCode.InvalidArgument,
            "The given head is not one of an audit trail.",
            "Give the text that Test-NebulaAuditTrail showed as Head: a number, a colon and 64 hexadecimal digits.");
    }
}
