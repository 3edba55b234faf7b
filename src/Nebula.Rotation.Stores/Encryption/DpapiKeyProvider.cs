using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// The master key in a file that Windows has sealed with its Data Protection API: for the account that runs this process, or for every account of the
/// machine. Chosen by <c>NEBULA_STORE_KEY_PROVIDER</c> alone. A key that is sealed for an account is lost with its profile: keep an escrow.
/// </summary>
public sealed class DpapiKeyProvider : StoreKeyProvider
{
    // A sealed key is some 300 bytes.
    private const int LongestFile = 16 * 1024;

    private static readonly byte[] Purpose = "Nebula.Rotation store key"u8.ToArray();

    private readonly bool _forMachine;

    /// <summary>Takes the key from the store's path with <c>.dpapi</c> appended.</summary>
    /// <param name="forMachine">True to seal it for the machine: every account on it can open it.</param>
    public DpapiKeyProvider(bool forMachine = false) => _forMachine = forMachine;

    /// <summary>The sealed key's file.</summary>
    /// <param name="storePath">The store's file.</param>
    public static string GetPath(string storePath) => Path.GetFullPath(storePath) + ".dpapi";

    /// <inheritdoc/>
    public override string Describe(string storePath) => $"the DPAPI-sealed file '{GetPath(storePath)}'";

    /// <inheritdoc/>
    public override ValueTask<byte[]> GetKeyAsync(string storePath, CancellationToken cancellationToken) => new(ReadExisting(GetPath(storePath)));

    /// <inheritdoc/>
    public override ValueTask<byte[]> GetOrCreateKeyAsync(string storePath, CancellationToken cancellationToken)
    {
        var path = GetPath(storePath);
        var made = DrawOrCopy(null);
        return new(KeyFile.TryCreate(path, Seal(made)) ? made : ReadExisting(path));
    }

    /// <inheritdoc/>
    public override ValueTask<byte[]?> FindNextKeyAsync(string storePath, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows())
            throw Elsewhere();
        return new(ReadNext(storePath));
    }

    /// <inheritdoc/>
    public override byte[] StageKey(string storePath, byte[]? given)
    {
        var next = DrawOrCopy(given);
        KeyFile.Stage(GetPath(storePath), Seal(next));
        return next;
    }

    /// <inheritdoc/>
    public override void AdoptKey(string storePath, ReadOnlySpan<byte> key)
    {
        if (!OperatingSystem.IsWindows())
            throw Elsewhere();
        if (ReadNext(storePath) is not { } next)
            return;
        if (CryptographicOperations.FixedTimeEquals(next, key))
            KeyFile.Adopt(GetPath(storePath));
        CryptographicOperations.ZeroMemory(next);
    }

    /// <inheritdoc/>
    public override void RestoreKey(string storePath, byte[] key)
    {
        var path = GetPath(storePath);
        if (!KeyFile.TryCreate(path, Seal(key)) && !CryptographicOperations.FixedTimeEquals(ReadExisting(path), key))
            throw Occupied(path);
    }

    private byte[] Seal(byte[] key)
    {
        if (!OperatingSystem.IsWindows())
            throw Elsewhere();
        return ProtectedData.Protect(key, Purpose, _forMachine ? DataProtectionScope.LocalMachine : DataProtectionScope.CurrentUser);
    }

    private static byte[] ReadExisting(string path)
    {
        if (!OperatingSystem.IsWindows())
            throw Elsewhere();
        try
        {
            return Open(path);
        }
        catch (FileNotFoundException exception)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The sealed key '{path}' of the store is missing; without it no password in the store can be read.",
                $"Bring it back from escrow with Import-NebulaStoreKey, or set {ChoiceVariableName} to what the store was made with.",
                exception);
        }
        catch (CryptographicException exception)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"Windows does not open the sealed key '{path}' for this account: {exception.Message}",
                "Run as the account that made the store, on its machine; elsewhere bring the key back from escrow with Import-NebulaStoreKey.",
                exception);
        }
    }

    [SupportedOSPlatform("windows")]
    private static byte[]? ReadNext(string storePath)
    {
        try
        {
            return Open(KeyFile.NextOf(GetPath(storePath)));
        }
        catch (Exception exception) when (exception is FileNotFoundException or CryptographicException)
        {
            // There is none, or one that was never finished.
            return null;
        }
    }

    /// <summary>DPAPI finds out by itself whether a file was sealed for the account or the machine.</summary>
    [SupportedOSPlatform("windows")]
    private static byte[] Open(string path)
    {
        var content = KeyFile.Read(path, LongestFile) ?? throw new CryptographicException("it is no sealed key.");
        var opened = ProtectedData.Unprotect(content, Purpose, DataProtectionScope.CurrentUser);
        return opened.Length == KeySize ? opened : throw new CryptographicException("it is no sealed store key.");
    }

    private static RotationException Elsewhere() => new(
        RotationErrorCode.StoreKeyInvalid,
        $"{ChoiceVariableName} chooses DPAPI, which is a part of Windows; this system has none.",
        $"Set {ChoiceVariableName} to KeyFile or Environment, or leave it unset.");
}
