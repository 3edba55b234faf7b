using System.Text;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Files;

/// <summary>A file that is there whole or as it was: written beside its place, then moved over it in one step.</summary>
internal sealed class ReportFile
{
    private readonly bool _force;
    private readonly bool _noClobber;

    /// <param name="path">A full path of the file system.</param>
    /// <param name="force">True to replace a file that is read-only.</param>
    /// <param name="noClobber">True to replace none.</param>
    public ReportFile(string path, bool force, bool noClobber)
    {
        (_force, _noClobber) = (force, noClobber);
        // The link stays, and what it leads to is replaced.
        FullName = LinkTarget(path) ?? path;
    }

    public string FullName { get; }

    /// <summary>Refuses what cannot be written, before anything is asked of the store.</summary>
    public void Require()
    {
        if (Directory.Exists(FullName))
            throw InvalidArgument.Because($"-Path '{FullName}' is a folder.", "Nothing was written. Give the file's name, too.");
        if (Path.GetDirectoryName(FullName) is { } folder && !Directory.Exists(folder))
            throw InvalidArgument.Because($"-Path '{FullName}': its folder is not there.", "Nothing was written. Make the folder first.");
        if (!File.Exists(FullName))
            return;
        if (_noClobber)
            throw Exists(null);
        if (!_force && IsReadOnly)
            throw InvalidArgument.Because($"-Path '{FullName}' is read-only.", "Nothing was written. Give another path, or -Force to replace it.");
    }

    public void Write(string text)
    {
        var fresh = Path.Combine(Path.GetDirectoryName(FullName)!, $".{Path.GetRandomFileName()}.tmp");
        try
        {
            using (var stream = new FileStream(fresh, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }

            KeepMode(fresh);
            if (_force && OperatingSystem.IsWindows() && File.Exists(FullName))
                File.SetAttributes(FullName, File.GetAttributes(FullName) & ~FileAttributes.ReadOnly);
            // A move that must not replace looks and renames, over what has come in between; this takes the name or fails.
            if (_noClobber)
                new FileStream(FullName, FileMode.CreateNew).Dispose();
            File.Move(fresh, FullName, overwrite: true);
        }
        catch (IOException exception) when (_noClobber && File.Exists(FullName))
        {
            // Somebody else made it in the meantime.
            throw Exists(exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"-Path '{FullName}' cannot be written: {exception.Message}", "Nothing was written. Give another path, or see to its rights and its room.", exception);
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    private bool IsReadOnly => new FileInfo(FullName).IsReadOnly;

    private static string? LinkTarget(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;
        }
        catch (IOException)
        {
            // What is no link, or leads in a circle: the move says what is wrong with it.
            return null;
        }
    }

    /// <summary>Whoever could read the old page can read the new one, and nobody else.</summary>
    private void KeepMode(string fresh)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(FullName))
            File.SetUnixFileMode(fresh, File.GetUnixFileMode(FullName));
    }

    private RotationException Exists(Exception? cause) => new(
        RotationErrorCode.InvalidArgument, $"-Path '{FullName}' exists, and -NoClobber replaces no file.", "Nothing was written. Give another path, or leave -NoClobber away.", cause);
}
