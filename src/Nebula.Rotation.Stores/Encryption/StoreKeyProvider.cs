using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>Where the master key of a store comes from: 32 bytes that wrap the data key of each scope.</summary>
public abstract class StoreKeyProvider
{
    /// <summary>The length of a master key, in bytes.</summary>
    public const int KeySize = SealedBox.KeySize;

    /// <summary>
    /// The provider for a store that names none: <see cref="EnvironmentKeyProvider"/> when <c>NEBULA_STORE_KEY</c> is or was set in this process,
    /// else the key file beside the store.
    /// </summary>
    public static StoreKeyProvider Default => EnvironmentKeyProvider.IsAvailable ? new EnvironmentKeyProvider() : new KeyFileProvider();

    /// <summary>Where the key comes from, for messages; never the key.</summary>
    /// <param name="storePath">The store's file.</param>
    public abstract string Describe(string storePath);

    /// <summary>Gives the key of a store that exists; the caller owns the array and zeroes it.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: missing, malformed, or readable by others.</exception>
    public abstract ValueTask<byte[]> GetKeyAsync(string storePath, CancellationToken cancellationToken);

    /// <summary>Gives the key for a store that is about to be made; a provider that can makes it. Never replaces a key.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>, or StoreUnavailable when it cannot be written.</exception>
    public abstract ValueTask<byte[]> GetOrCreateKeyAsync(string storePath, CancellationToken cancellationToken);

    /// <summary>Reads 32 bytes of base64; white space around it is fine. Null when it is anything else.</summary>
    private protected static byte[]? Decode(ReadOnlySpan<byte> utf8)
    {
        var text = utf8.Trim(" \t\r\n"u8);

        // Room for the longest text that is still read: a longer one is no key, whatever it decodes to.
        Span<byte> buffer = stackalloc byte[96];
        try
        {
            var status = Base64.DecodeFromUtf8(text, buffer, out var consumed, out var written);
            if (status != System.Buffers.OperationStatus.Done || consumed != text.Length || written != KeySize)
                return null;

            var key = Allocate();
            buffer[..KeySize].CopyTo(key);
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    /// <summary>Reads a key from text; see <see cref="Decode(ReadOnlySpan{byte})"/>.</summary>
    private protected static byte[]? Decode(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var key = Decode(utf8);
        CryptographicOperations.ZeroMemory(utf8);
        return key;
    }

    /// <summary>Room for a key that the garbage collector does not copy about.</summary>
    private protected static byte[] Allocate() => GC.AllocateUninitializedArray<byte>(KeySize, pinned: true);
}
