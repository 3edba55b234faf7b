using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Nebula.Rotation.Engine.Publishing.Files;

/// <summary>What the base library does not say or do about files: owners, and a folder's way to the disk. Linux; elsewhere nothing is known or done.</summary>
internal static class NativeFile
{
    // <fcntl.h>, <linux/stat.h>; struct statx is the same on every architecture, unlike struct stat.
    private const int AtCurrentFolder = -100;
    private const int AtEffectiveAccess = 0x200;
    private const int WriteAndSearch = 2 | 1;
    private const uint StatxBasic = 0x7ff;
    private const int StatxSize = 256;
    private const int UidOffset = 20;
    private const int GidOffset = 24;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    /// <summary>Owner, group, and whether it is a regular file; null where this system cannot be asked or there is no such file. Follows links.</summary>
    public static (uint Owner, uint Group, bool IsRegular)? Stat(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var buffer = new byte[StatxSize];
        if (StatX(AtCurrentFolder, Text(path), 0, StatxBasic, buffer) != 0)
            return null;
        var mode = BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(ModeOffset))
            : BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(ModeOffset));
        return (Read(buffer, UidOffset), Read(buffer, GidOffset), (mode & TypeMask) == RegularFile);
    }

    public static uint? CurrentUser => OperatingSystem.IsLinux() ? GetEffectiveUserId() : null;

    /// <summary>Whether this process may make and rename files in a folder; true where nobody can say.</summary>
    public static bool MayWrite(string folder) =>
        !OperatingSystem.IsLinux() || AccessAt(AtCurrentFolder, Text(folder), WriteAndSearch, AtEffectiveAccess) == 0;

    /// <summary>Gives a file to a user and a group; false when that is not allowed.</summary>
    public static bool SetOwner(SafeFileHandle file, uint owner, uint group) => ChangeOwner((int)file.DangerousGetHandle(), owner, group) == 0;

    /// <summary>Brings a folder's entries to the disk, so that a rename outlives a power cut.</summary>
    public static void Flush(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var handle = Open(Text(folder), 0);
        if (handle < 0)
            return;
        _ = Sync(handle);
        _ = Close(handle);
    }

    private static byte[] Text(string path) => Encoding.UTF8.GetBytes(path + '\0');

    private static uint Read(byte[] buffer, int offset) => BitConverter.IsLittleEndian
        ? BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(offset))
        : BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(offset));

    [DllImport("libc", EntryPoint = "statx")]
    private static extern int StatX(int directory, byte[] path, int flags, uint mask, byte[] buffer);

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint GetEffectiveUserId();

    [DllImport("libc", EntryPoint = "faccessat")]
    private static extern int AccessAt(int directory, byte[] path, int mode, int flags);

    [DllImport("libc", EntryPoint = "fchown")]
    private static extern int ChangeOwner(int file, uint owner, uint group);

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    private static extern int Sync(int file);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int file);
}
