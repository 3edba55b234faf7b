using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>Who owns an open file. The base library tells a file's mode but not its owner.</summary>
internal static class FileOwner
{
    // <fcntl.h> and <linux/stat.h>; struct statx is the same on every architecture, unlike struct stat.
    private const int AtEmptyPath = 0x1000;
    private const uint StatxUid = 0x8;
    private const int StatxSize = 256;
    private const int UidOffset = 20;

    /// <summary>True, false, or null where this system cannot be asked.</summary>
    public static bool? IsCurrentUser(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            return null;

        try
        {
            var buffer = new byte[StatxSize];
            if (StatX((int)file.DangerousGetHandle(), [0], AtEmptyPath, StatxUid, buffer) != 0)
                return null;

            var uid = BitConverter.IsLittleEndian
                ? BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(UidOffset))
                : BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(UidOffset));
            return uid == GetEffectiveUserId();
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "statx")]
    private static extern int StatX(int directory, byte[] path, int flags, uint mask, byte[] buffer);

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint GetEffectiveUserId();
}
