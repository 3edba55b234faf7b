using System.Runtime.Versioning;

namespace Nebula.Rotation.TestServers;

/// <summary>One of the distribution's packages, unpacked into the cache and not installed: for files of a package whose installation would start a service.</summary>
internal static class DebianPackage
{
    /// <summary>Where it is unpacked, if it is.</summary>
    public static string? Find(string package) => Directory.Exists(PathOf(package)) ? PathOf(package) : null;

    /// <summary>Takes it from the distribution's archive, with apt, which any user may do.</summary>
    /// <exception cref="ServerUnavailableException">It cannot be had here.</exception>
    [SupportedOSPlatform("linux")]
    public static async Task UnpackAsync(string server, string package, CancellationToken ct)
    {
        if (Find(package) is not null)
            return;
        var target = PathOf(package);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var work = Directory.CreateDirectory($"{target}.new-{Guid.NewGuid():N}").FullName;
        try
        {
            var made = Path.Combine(work, "root");
            await RunAsync(server, work, "apt-get", ["-q", "download", package], ct);
            var file = Directory.GetFiles(work, "*.deb") is [var only] ? only : throw new ServerUnavailableException(server, $"apt-get download {package} brought no package.");
            await RunAsync(server, work, "dpkg-deb", ["--extract", file, made], ct);
            try
            {
                Directory.Move(made, target);
            }
            catch (IOException) when (Directory.Exists(target))
            {
                // Another run was faster.
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static string PathOf(string package) => Path.Combine(SidRoot.CacheFolder(), "packages", package);

    private static async Task RunAsync(string server, string folder, string program, string[] arguments, CancellationToken ct)
    {
        // apt downloads into the folder that it is started in.
        var command = ServerProcess.Quote([program, .. arguments]);
        var result = await CommandRunner.RunAsync("/bin/sh", ["-c", $"cd {ServerProcess.Quote([folder])} && {command}"], new Dictionary<string, string?> { ["LC_ALL"] = "C" }, ct);
        if (!result.Succeeded)
            throw new ServerUnavailableException(server, $"{command} ended with {result.ExitCode}: {result.Tail()}");
    }
}
