using System.Security.Cryptography;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// A small file that only its owner can read, and the one beside it (<c>.new</c>) that is about to take its place. What is checked is the open handle:
/// nothing is read through a file that others can reach. On Windows rights are not looked at.
/// </summary>
internal static class KeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>The file that holds the next key.</summary>
    public static string NextOf(string path) => Target(path) + ".new";

    /// <summary>Makes the file; false when there is one already.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreUnavailable"/>.</exception>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            if (File.Exists(path))
                return false;
            Write(path, content, FileMode.CreateNew);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, exception);
        }
    }

    /// <summary>The content, or null when there is more than a key file has; the caller zeroes it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file, or no such folder.</exception>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreKeyInvalid"/>: it cannot be read, or others can.</exception>
    public static byte[]? Read(string path, int longest)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            CheckRights(path, stream);
            if (stream.Length > longest)
                return null;

            var buffer = GC.AllocateUninitializedArray<byte>((int)stream.Length, pinned: true);
            var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length == buffer.Length)
                return buffer;

            var content = buffer[..length];
            CryptographicOperations.ZeroMemory(buffer);
            return content;
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new FileNotFoundException(exception.Message, path, exception);
        }
        catch (Exception exception) when (exception is (IOException and not FileNotFoundException) or UnauthorizedAccessException)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' cannot be read: {exception.Message}",
                "Run as the account that owns the store.",
                exception);
        }
    }

    /// <summary>Writes the next file, on the disk with its name when this returns; one that was left there goes first.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreUnavailable"/>.</exception>
    public static void Stage(string path, ReadOnlySpan<byte> content)
    {
        var next = NextOf(path);
        try
        {
            // Not written over: it would keep its rights, whatever they are.
            File.Delete(next);
            Write(next, content, FileMode.CreateNew);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(next, exception);
        }
    }

    /// <summary>Puts the next file in the place of the one in use, in one step.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.StoreUnavailable"/>.</exception>
    public static void Adopt(string path)
    {
        var next = NextOf(path);
        try
        {
            File.Move(next, Target(path), overwrite: true);
            NativeFolder.Flush(Path.GetDirectoryName(next)!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RotationException(
                RotationErrorCode.StoreUnavailable,
                $"The new key in '{next}' cannot be given the name '{path}': {exception.Message}",
                "The store opens with it all the same, and tries again each time. Give this account write access to the folder.",
                exception);
        }
    }

    private static void Write(string path, ReadOnlySpan<byte> content, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var stream = new FileStream(path, options))
        {
            try
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // Half a key left here would stop every later attempt.
                File.Delete(path);
                throw;
            }
        }

        NativeFolder.Flush(Path.GetDirectoryName(path)!);
    }

    /// <summary>A link is followed: what is replaced is the file, where it lies.</summary>
    private static string Target(string path) => new FileInfo(path) is { LinkTarget: not null } link && link.ResolveLinkTarget(returnFinalTarget: true) is { } target ? target.FullName : path;

    private static void CheckRights(string path, FileStream stream)
    {
        if (OperatingSystem.IsWindows())
            return;

        if ((File.GetUnixFileMode(stream.SafeFileHandle) & Others) != 0)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' can be reached by other users than its owner.",
                $"Run: chmod 600 '{path}'. If others may have read it, run Update-NebulaStoreKey and rotate every credential of the store afterwards.");
        }

        if (FileOwner.IsCurrentUser(stream.SafeFileHandle) is false)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The key file '{path}' belongs to another user than the one this process runs as.",
                "Run as the account that owns the store, or give the file to this one with chown.");
        }
    }

    private static RotationException Unwritable(string path, Exception exception) => new(
        RotationErrorCode.StoreUnavailable,
        $"The key file '{path}' cannot be written: {exception.Message}",
        "Nothing was changed. Give this account write access to the folder and free some space there, or name another store with -Store or NEBULA_STORE.",
        exception);
}
