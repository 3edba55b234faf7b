using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// The master key in a file that only its owner can read: base64 of 32 random bytes. The file is made together with a new store and never
/// replaced; it is refused when group or others have any right to it, or when another user owns it. On Windows the file's access list is not
/// looked at: keep the file in a folder that only the account can read, as the default folder is. The owner is verified on Linux only.
/// </summary>
public sealed class KeyFileProvider : StoreKeyProvider
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    // A key is 44 characters and a line end; what is much longer is some other file.
    private const int LongestFile = 256;

    private readonly string? _path;

    /// <summary>Takes the key from a file.</summary>
    /// <param name="path">The file, or null for the store's path with <c>.key</c> appended.</param>
    public KeyFileProvider(string? path = null) => _path = path is null ? null : Path.GetFullPath(path);

    /// <summary>The key file of a store.</summary>
    /// <param name="storePath">The store's file.</param>
    public string GetPath(string storePath) => _path ?? Path.GetFullPath(storePath) + ".key";

    /// <inheritdoc/>
    public override string Describe(string storePath) => $"the key file '{GetPath(storePath)}'";

    /// <inheritdoc/>
    public override ValueTask<byte[]> GetKeyAsync(string storePath, CancellationToken cancellationToken)
    {
        var path = GetPath(storePath);
        return new(Read(path) ?? throw Malformed(path));
    }

    /// <inheritdoc/>
    public override async ValueTask<byte[]> GetOrCreateKeyAsync(string storePath, CancellationToken cancellationToken)
    {
        var path = GetPath(storePath);
        if (TryCreate(path) is { } made)
            return made;

        // It exists: kept from a store that is gone, put there by the user, or being written by another process this very moment.
        for (var attempt = 0; ; attempt++)
        {
            if (Read(path) is { } key)
                return key;
            if (attempt == 20)
                throw Malformed(path);
            await Task.Delay(TimeSpan.FromMilliseconds(25), cancellationToken);
        }
    }

    private static byte[]? TryCreate(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;

        try
        {
            if (File.Exists(path))
                return null;

            using var stream = new FileStream(path, options);
            return WriteNew(stream, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                $"The key file '{path}' cannot be made: {exception.Message}",
                "Name a store in a folder that this account may write, with -Store or NEBULA_STORE.",
                exception);
        }
    }

    private static byte[] WriteNew(FileStream stream, string path)
    {
        var key = Allocate();
        RandomNumberGenerator.Fill(key);
        var line = Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n");
        try
        {
            stream.Write(line);
            stream.Flush(flushToDisk: true);
            return key;
        }
        catch (IOException exception)
        {
            // Half a key left here would stop every later attempt.
            File.Delete(path);
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                $"The key file '{path}' cannot be written: {exception.Message}",
                "Free some space, or name a store on another disk with -Store or NEBULA_STORE.",
                exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    /// <summary>Null when the content is no key.</summary>
    private static byte[]? Read(string path)
    {
        try
        {
            // The rights are read from the open handle: what is checked is what is read.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            CheckRights(path, stream);
            if (stream.Length > LongestFile)
                return null;

            var content = new byte[stream.Length];
            var length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            var key = Decode(content.AsSpan(0, length));
            CryptographicOperations.ZeroMemory(content);
            return key;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' of the store is missing; without it no password in the store can be read.",
                $"Restore the file from a backup, or set {EnvironmentKeyProvider.VariableName} to the key's base64 text. "
                + "When the key is lost, move the store's file away and store the credentials anew with New-NebulaDbCredential.",
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' cannot be read: {exception.Message}",
                "Run as the account that owns the store.",
                exception);
        }
    }

    private static void CheckRights(string path, FileStream stream)
    {
        if (OperatingSystem.IsWindows())
            return;

        if ((File.GetUnixFileMode(stream.SafeFileHandle) & Others) != 0)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' can be reached by other users than its owner.",
                $"Run: chmod 600 '{path}'. If others may have read it, rotate every credential of the store afterwards.");
        }

        if (FileOwner.IsCurrentUser(stream.SafeFileHandle) is false)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' belongs to another user than the one this process runs as.",
                "Run as the account that owns the store, or give the file to this one with chown.");
        }
    }

    private static RotationException Malformed(string path) => new(
        RotationErrorCode.StoreKeyInvalid,
        $"The key file '{path}' holds no key: it must be the base64 text of {KeySize} bytes.",
        "Restore the file from a backup. When no store was made with it yet, remove it; a new one is made together with the store.");
}
