using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>Where the master key of a store comes from: 32 bytes that wrap the data key of each scope.</summary>
public abstract class StoreKeyProvider
{
    /// <summary>The length of a master key, in bytes.</summary>
    public const int KeySize = SealedBox.KeySize;

    /// <summary>The environment variable that chooses a provider: KeyFile, Environment, Dpapi, or DpapiMachine.</summary>
    public const string ChoiceVariableName = "NEBULA_STORE_KEY_PROVIDER";

    /// <summary>
    /// The provider that <c>NEBULA_STORE_KEY_PROVIDER</c> chooses; where it is not set, <see cref="EnvironmentKeyProvider"/> when <c>NEBULA_STORE_KEY</c>
    /// is or was set in this process, else the key file beside the store.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: it chooses none that there is.</exception>
    public static StoreKeyProvider Default => Environment.GetEnvironmentVariable(ChoiceVariableName)?.Trim().ToUpperInvariant() switch
    {
        null or "" => EnvironmentKeyProvider.IsAvailable ? new EnvironmentKeyProvider() : NamedFile,
        "KEYFILE" => NamedFile,
        "ENVIRONMENT" => new EnvironmentKeyProvider(),
        "DPAPI" => new DpapiKeyProvider(),
        "DPAPIMACHINE" => new DpapiKeyProvider(forMachine: true),
        _ => throw new RotationException(
            RotationErrorCode.StoreKeyInvalid,
            $"The environment variable {ChoiceVariableName} names no way to keep a store's key.",
            $"Set {ChoiceVariableName} to KeyFile, Environment, Dpapi or DpapiMachine, or leave it unset."),
    };

    private static KeyFileProvider NamedFile => new(Environment.GetEnvironmentVariable(KeyFileProvider.VariableName) is { } path && !string.IsNullOrWhiteSpace(path) ? path.Trim() : null);

    /// <summary>Where the key comes from, for messages; never the key.</summary>
    /// <param name="storePath">The store's file.</param>
    public abstract string Describe(string storePath);

    /// <summary>Gives the key of a store that exists; the caller owns the array and zeroes it.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: missing, malformed, or readable by others.</exception>
    public abstract ValueTask<byte[]> GetKeyAsync(string storePath, CancellationToken cancellationToken);

    /// <summary>Gives the key for a store that is about to be made; a provider that can makes it. Never replaces a key.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>, or StoreUnavailable when it cannot be written.</exception>
    public abstract ValueTask<byte[]> GetOrCreateKeyAsync(string storePath, CancellationToken cancellationToken);

    /// <summary>
    /// The key that is about to take the place of the one in use, or has done so in the store but not here yet: what a replacement that died leaves.
    /// Null when there is none. The caller owns it.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: readable by others.</exception>
    public virtual ValueTask<byte[]?> FindNextKeyAsync(string storePath, CancellationToken cancellationToken) => new((byte[]?)null);

    /// <summary>
    /// Makes the next key durable beside the one in use, before anything is wrapped with it. Called with the store's write lock held and the key in use
    /// known to be the store's: what an earlier call left is written over.
    /// </summary>
    /// <param name="storePath">The store's file.</param>
    /// <param name="given">The next key, or null for one that the provider draws or finds.</param>
    /// <returns>The next key; the caller owns it.</returns>
    /// <exception cref="RotationException">StoreUnavailable when it cannot be written, InvalidArgument when one has to be given.</exception>
    public abstract byte[] StageKey(string storePath, byte[]? given);

    /// <summary>Puts the next key in the place of the one in use, if it is this one. Called with the store's write lock held.</summary>
    /// <exception cref="RotationException">StoreUnavailable: it cannot be written; <see cref="FindNextKeyAsync"/> still finds it.</exception>
    public abstract void AdoptKey(string storePath, ReadOnlySpan<byte> key);

    /// <summary>Puts a key that was lost in its place; never replaces another. Called with the store's write lock held, once the key is known to be the store's.</summary>
    /// <exception cref="RotationException">StoreKeyInvalid: another key is there. InvalidArgument: the provider cannot keep one.</exception>
    public abstract void RestoreKey(string storePath, byte[] key);

    /// <summary>What is to be done after the key was replaced.</summary>
    internal virtual string DescribeReplacement(string storePath) =>
        $"Back up {Describe(storePath)}; copies of the store from before need the former key, and whoever has both can read what they hold.";

    /// <summary>Reads 32 bytes of base64; white space around it is fine. Null when it is anything else.</summary>
    internal static byte[]? Decode(ReadOnlySpan<byte> utf8)
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
    internal static byte[]? Decode(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var key = Decode(utf8);
        CryptographicOperations.ZeroMemory(utf8);
        return key;
    }

    /// <summary>The key as a line of text; the caller zeroes it.</summary>
    internal static byte[] Encode(ReadOnlySpan<byte> key)
    {
        var line = GC.AllocateUninitializedArray<byte>(Base64.GetMaxEncodedToUtf8Length(key.Length) + 1, pinned: true);
        Base64.EncodeToUtf8(key, line, out _, out var written);
        line[written] = (byte)'\n';
        return line;
    }

    /// <summary>A key's own copy, which its owner zeroes.</summary>
    internal static byte[] Copy(byte[] key) => DrawOrCopy(key);

    private protected static RotationException Occupied(string path) => new(
        RotationErrorCode.StoreKeyInvalid,
        $"The key file '{path}' is there, and is not the key that opens the store.",
        "Nothing was changed. Find out which store its key belongs to and move the file away, then run Import-NebulaStoreKey again.");

    /// <summary>A new key, or a copy of the given one.</summary>
    private protected static byte[] DrawOrCopy(byte[]? given)
    {
        var key = Allocate();
        if (given is null)
            RandomNumberGenerator.Fill(key);
        else
            given.CopyTo(key, 0);
        return key;
    }

    /// <summary>Room for a key that the garbage collector does not copy about.</summary>
    private protected static byte[] Allocate() => GC.AllocateUninitializedArray<byte>(KeySize, pinned: true);
}
