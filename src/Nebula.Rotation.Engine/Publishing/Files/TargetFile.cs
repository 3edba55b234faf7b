using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Nebula.Rotation.Engine.Publishing.Files;

/// <summary>
/// A file that carries a login. It is replaced whole: a new one is written beside it, brought to the disk and renamed over it, with the owner, group and
/// mode of the old one; a symbolic link stays a link. Access lists and other attributes beyond the mode do not outlive a rename.
/// </summary>
internal static class TargetFile
{
    private const long LargestFile = 1 << 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    private static readonly ConcurrentDictionary<string, object> Gates = new(StringComparer.Ordinal);

    /// <summary>The content, or null when there is no such file. Throws what stands in the way of replacing it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ownerOnly">True when its readers refuse a file that its group can read.</param>
    public static byte[]? Read(string path, bool ownerOnly = false) => ReadResolved(Resolve(path), ownerOnly);

    /// <summary>Replaces the content by what <paramref name="change"/> makes of it: null for no file, the same content to leave it alone.</summary>
    public static void Change(string path, Func<byte[]?, byte[]?> change, bool ownerOnly = false)
    {
        path = Resolve(path);
        // Two credentials may share a file, and one process may rotate both at a time.
        lock (Gates.GetOrAdd(path, _ => new()))
        {
            var before = ReadResolved(path, ownerOnly);
            var after = change(before);
            if (Same(before, after))
                return;
            try
            {
                if (after is null)
                    File.Delete(path);
                else
                    Replace(path, before, after, ownerOnly);
                NativeFile.Flush(Path.GetDirectoryName(path)!);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw TargetFailure.Because($"'{path}' cannot be written: {exception.Message}", "Nothing of it was changed.", exception);
            }
        }
    }

    /// <summary>Removes what a process that died while it wrote has left beside the file.</summary>
    public static void Sweep(string path)
    {
        path = Resolve(path);
        foreach (var left in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.*.nebula"))
            File.Delete(left);
    }

    public static bool Same(byte[]? one, byte[]? other) => one is null || other is null ? one is null && other is null : one.AsSpan().SequenceEqual(other);

    private static byte[]? ReadResolved(string path, bool ownerOnly)
    {
        CheckFolder(path);
        // Opening a pipe would wait for somebody who writes to it.
        if (NativeFile.Stat(path) is { IsRegular: false })
            throw TargetFailure.Because($"'{path}' is no regular file.", "Give the path of a file.");
        try
        {
            // The rights are read from the open handle: what is checked is what is read.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            CheckFile(path, stream, ownerOnly);
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw TargetFailure.Because($"'{path}' cannot be read: {exception.Message}", "Run as an account that may read and replace it.", exception);
        }
    }

    private static void Replace(string path, byte[]? before, byte[] content, bool ownerOnly)
    {
        var beside = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}.nebula");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            using (var stream = new FileStream(beside, options))
            {
                if (before is not null && !OperatingSystem.IsWindows())
                    TakeOver(path, stream);
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            if (!Same(before, ReadResolved(path, ownerOnly)))
                throw TargetFailure.Because($"'{path}' was changed by somebody else at this moment.", "Nothing of it was changed. Try again.");
            if (before is not null && OperatingSystem.IsWindows())
                File.Replace(beside, path, null);
            else
                File.Move(beside, path, overwrite: before is not null);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    /// <summary>Owner first, then mode: the other way round the new owner's group could read it for a moment.</summary>
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void TakeOver(string path, FileStream stream)
    {
        var mode = File.GetUnixFileMode(path);
        if (NativeFile.Stat(path) is { } old && NativeFile.Stat(stream.Name) is { } made && (old.Owner, old.Group) != (made.Owner, made.Group)
            && !NativeFile.SetOwner(stream.SafeFileHandle, old.Owner, old.Group))
        {
            throw TargetFailure.Because(
                $"'{path}' belongs to user {old.Owner}, group {old.Group}, which this account cannot give a new file to.", "Run as its owner or as root.");
        }

        File.SetUnixFileMode(stream.SafeFileHandle, mode);
    }

    private static void CheckFolder(string path)
    {
        var folder = Path.GetDirectoryName(path);
        if (!Path.IsPathFullyQualified(path) || folder is null)
            throw TargetFailure.Because($"'{path}' is no absolute path.", "Give one.");
        if (!Directory.Exists(folder))
            throw TargetFailure.Because($"The folder '{folder}' does not exist.", "Make it first, for the account that reads the file.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & (UnixFileMode.OtherWrite | UnixFileMode.StickyBit)) == UnixFileMode.OtherWrite)
            throw TargetFailure.Because($"Everybody can write to the folder '{folder}', and put another file in the place of this one.", $"Run: chmod o-w '{folder}'.");
        if (!NativeFile.MayWrite(folder))
            throw TargetFailure.Because($"This account may not replace files in the folder '{folder}'.", "Run as an account that may.");
    }

    private static void CheckFile(string path, FileStream stream, bool ownerOnly)
    {
        if (stream.Length > LargestFile)
            throw TargetFailure.Because($"'{path}' is larger than {LargestFile / 1024} KiB.", "Give a configuration file.");
        if (OperatingSystem.IsWindows())
            return;
        var mode = File.GetUnixFileMode(stream.SafeFileHandle);
        if ((mode & (ownerOnly ? Others | Group : Others)) != 0)
        {
            throw TargetFailure.Because(
                ownerOnly ? $"'{path}' can be reached by its group or by others; its readers ignore such a file." : $"Everybody can reach '{path}', which is to hold a password.",
                ownerOnly ? $"Run: chmod 600 '{path}'." : $"Run: chmod o-rwx '{path}'. If it held a password already, others may have read it.");
        }

        if (NativeFile.Stat(path) is { } owned && NativeFile.CurrentUser is { } user && user != 0 && user != owned.Owner)
            throw TargetFailure.Because($"'{path}' belongs to user {owned.Owner}, and a file that takes its place would not.", "Run as its owner or as root.");
    }

    private static string Resolve(string path)
    {
        try
        {
            return new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw TargetFailure.Because($"The link '{path}' cannot be followed: {exception.Message}", null, exception);
        }
    }
}
