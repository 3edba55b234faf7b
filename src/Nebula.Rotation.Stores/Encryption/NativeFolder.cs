using System.Runtime.InteropServices;
using System.Text;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>A folder's way to the disk, which the base library has no word for. Linux; elsewhere nothing is done.</summary>
internal static class NativeFolder
{
    /// <summary>Brings a folder's entries to the disk, so that a new name outlives a power cut.</summary>
    public static void Flush(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var handle = Open(Encoding.UTF8.GetBytes(folder + '\0'), 0);
        if (handle < 0)
            return;
        _ = Sync(handle);
        _ = Close(handle);
    }

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    private static extern int Sync(int file);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int file);
}
