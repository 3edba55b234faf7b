using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// What a sealed value is: its purpose and the row it belongs to. Each part is preceded by its length, so that no two lists of parts give the
/// same bytes.
/// </summary>
internal static class AssociatedData
{
    public static byte[] KeyCheck(Guid storeId) => Encode("key-check", storeId.ToString("D"));

    public static byte[] ScopeKey(Guid storeId, string foldedScope) => Encode("scope-key", storeId.ToString("D"), foldedScope);

    public static byte[] OwnScopeKey(Guid storeId, string foldedScope) => Encode("own-scope-key", storeId.ToString("D"), foldedScope);

    /// <summary>The user name is part of it: a password cannot be paired with another login.</summary>
    public static byte[] Login(Guid credentialId, int version, string username) =>
        Encode("login", credentialId.ToString("D"), version.ToString(CultureInfo.InvariantCulture), username);

    public static byte[] AdminLogin(Guid credentialId, string username) => Encode("admin-login", credentialId.ToString("D"), username);

    public static byte[] Document(Guid rotationId) => Encode("document", rotationId.ToString("D"));

    public static byte[] JournalData(Guid rotationId, long sequence, string step) =>
        Encode("journal", rotationId.ToString("D"), sequence.ToString(CultureInfo.InvariantCulture), step);

    public static byte[] AuditKey(Guid storeId) => Encode("audit-key", storeId.ToString("D"));

    public static byte[] AuditHead(Guid storeId) => Encode("audit-head", storeId.ToString("D"));

    /// <summary>What the code of an entry is made of.</summary>
    public static byte[] AuditEntry(long sequence, params ReadOnlySpan<string> parts) =>
        Encode(["audit-entry", sequence.ToString(CultureInfo.InvariantCulture), .. parts]);

    private static byte[] Encode(params ReadOnlySpan<string> parts)
    {
        using var stream = new MemoryStream();
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            stream.Write(length);
            stream.Write(bytes);
        }

        return stream.ToArray();
    }
}
