using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// AES-256-GCM with a fresh random nonce (NIST SP 800-38D, 8.2.2). A box is one format byte, 12 bytes of nonce, 16 bytes of tag, and the
/// ciphertext. The associated data says what the box is, so that it opens nowhere else.
/// </summary>
internal static class SealedBox
{
    public const int KeySize = 32;

    private const byte Format = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int HeaderSize = 1 + NonceSize + TagSize;

    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        var box = new byte[HeaderSize + plaintext.Length];
        box[0] = Format;
        var nonce = box.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(nonce, plaintext, box.AsSpan(HeaderSize), box.AsSpan(1 + NonceSize, TagSize), associatedData);
        return box;
    }

    /// <summary>Gives the plaintext; the caller zeroes it.</summary>
    /// <exception cref="CryptographicException">Another key, another place, or changed bytes.</exception>
    public static byte[] Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> box, ReadOnlySpan<byte> associatedData)
    {
        if (box.Length < HeaderSize || box[0] != Format)
            throw new CryptographicException("The sealed value has an unknown format.");

        // Pinned, so that the garbage collector leaves no second copy behind that nobody zeroes.
        var plaintext = GC.AllocateUninitializedArray<byte>(box.Length - HeaderSize, pinned: true);
        using var aes = new AesGcm(key, TagSize);
        aes.Decrypt(box.Slice(1, NonceSize), box[HeaderSize..], box.Slice(1 + NonceSize, TagSize), plaintext, associatedData);
        return plaintext;
    }
}
