using System.Runtime.InteropServices;
using System.Text;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>Gives a finished file a name that nobody has. Of several who want it, in whatever processes, one gets it.</summary>
internal static class NewName
{
    /// <exception cref="IOException">Somebody has the name.</exception>
    public static void Take(string draft, string path)
    {
        // On Unix File.Move looks whether the name is taken and renames then, over what has come in between; link(2) takes the name or fails.
        if (!OperatingSystem.IsWindows() && Link(Encoding.UTF8.GetBytes(draft + '\0'), Encoding.UTF8.GetBytes(path + '\0')) == 0)
        {
            File.Delete(draft);
            return;
        }

        // Windows looks and renames in one. Elsewhere somebody has the name, or the file system knows no links.
        File.Move(draft, path, overwrite: false);
    }

    [DllImport("libc", EntryPoint = "link")]
    private static extern int Link(byte[] existing, byte[] name);
}
