using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// The master key in a file that only its owner can read: base64 of 32 random bytes. The file is made together with a new store; it is refused when
/// group or others have any right to it, or when another user owns it. On Windows the file's access list is not
/// looked at: keep the file in a folder that only the account can read, as the default folder is. The owner is verified on Linux only.
/// The next key is written beside it (<c>.key.new</c>) before the store is wrapped with it, and renamed afterwards.
/// </summary>
public sealed class KeyFileProvider : StoreKeyProvider
{
    // A key is 44 characters and a line end; what is much longer is some other file.
    private const int LongestFile = 256;

    private readonly string? _path;

    /// <summary>The environment variable that names the file, where it is not the one beside the store, or in the local data folder for a shared store.</summary>
    public const string VariableName = "NEBULA_STORE_KEYFILE";

    /// <summary>Takes the key from a file.</summary>
    /// <param name="path">The file, or null for the store's path with <c>.key</c> appended.</param>
    public KeyFileProvider(string? path = null) => _path = path is null ? null : Path.GetFullPath(path);

    /// <summary>Called at each step of a replacement, for tests: a process can die there.</summary>
    internal Action<string> Touch { get; init; } = static _ => { };

    /// <summary>The key file of a store.</summary>
    /// <param name="storePath">The store's file.</param>
    public string GetPath(string storePath) => _path ?? Path.GetFullPath(storePath) + ".key";

    /// <inheritdoc/>
    public override string Describe(string storePath) => $"the key file '{GetPath(storePath)}'";

    /// <inheritdoc/>
    public override ValueTask<byte[]> GetKeyAsync(string storePath, CancellationToken cancellationToken)
    {
        var path = GetPath(storePath);
        return new(ReadExisting(path) ?? throw Malformed(path));
    }

    /// <inheritdoc/>
    public override async ValueTask<byte[]> GetOrCreateKeyAsync(string storePath, CancellationToken cancellationToken)
    {
        var path = GetPath(storePath);
        var made = DrawOrCopy(null);
        if (TryWrite(made, line => KeyFile.TryCreate(path, line)))
            return made;

        // It exists: kept from a store that is gone, put there by the user, or being written by another process this very moment.
        for (var attempt = 0; ; attempt++)
        {
            // Written in one piece: what has something in it is whole.
            var isWritten = new FileInfo(path) is { Exists: true, Length: > 0 };
            if (ReadExisting(path) is { } key)
                return key;
            if (isWritten || attempt == 200)
                throw Malformed(path);
            await Task.Delay(TimeSpan.FromMilliseconds(25), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<byte[]?> FindNextKeyAsync(string storePath, CancellationToken cancellationToken) => new(ReadNext(GetPath(storePath)));

    /// <inheritdoc/>
    public override byte[] StageKey(string storePath, byte[]? given)
    {
        var next = DrawOrCopy(given);
        Touch("before the new key is written");
        TryWrite(next, line =>
        {
            KeyFile.Stage(GetPath(storePath), line);
            return true;
        });
        Touch("after the new key is written");
        return next;
    }

    /// <inheritdoc/>
    public override void AdoptKey(string storePath, ReadOnlySpan<byte> key)
    {
        var path = GetPath(storePath);
        if (ReadNext(path) is not { } next)
            return;
        if (CryptographicOperations.FixedTimeEquals(next, key))
        {
            Touch("before the new key takes its place");
            KeyFile.Adopt(path);
            Touch("after the new key took its place");
        }

        CryptographicOperations.ZeroMemory(next);
    }

    /// <inheritdoc/>
    public override void RestoreKey(string storePath, byte[] key)
    {
        var path = GetPath(storePath);
        if (TryWrite(key, line => KeyFile.TryCreate(path, line)))
            return;
        var present = ReadExisting(path);
        if (present is null || !CryptographicOperations.FixedTimeEquals(present, key))
            throw Occupied(path);
    }

    /// <summary>A key from a file that somebody names; null when its content is no key.</summary>
    internal static byte[]? ReadExisting(string path)
    {
        try
        {
            return Read(path);
        }
        catch (FileNotFoundException exception)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' of the store is missing; without it no password in the store can be read.",
                "Restore the file from a backup, bring it back from escrow with Import-NebulaStoreKey, or set "
                + $"{EnvironmentKeyProvider.VariableName} to the key's base64 text. "
                + "When the key is lost, move the store's file away and store the credentials anew with New-NebulaDbCredential.",
                exception);
        }
    }

    /// <summary>Null when there is none, or one that was never finished.</summary>
    private static byte[]? ReadNext(string path)
    {
        try
        {
            return Read(KeyFile.NextOf(path));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static byte[]? Read(string path)
    {
        if (KeyFile.Read(path, LongestFile) is not { } content)
            return null;
        var key = Decode(content);
        CryptographicOperations.ZeroMemory(content);
        return key;
    }

    private static bool TryWrite(byte[] key, Func<byte[], bool> write)
    {
        var line = Encode(key);
        try
        {
            return write(line);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    private static RotationException Malformed(string path) => new(
        RotationErrorCode.StoreKeyInvalid,
        $"The key file '{path}' holds no key: it must be the base64 text of {KeySize} bytes.",
        "Restore the file from a backup. When no store was made with it yet, remove it; a new one is made together with the store.");
}
