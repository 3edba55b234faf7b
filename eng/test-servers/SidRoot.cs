using System.Runtime.Versioning;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// Programs of Debian's newest packages (sid) on a machine that has older ones: a package and all it needs, unpacked by debootstrap into a folder of its own in a cache
/// outside of the checkout, one folder a package. Nothing is configured or mounted there and nothing is entered with chroot: each program is started by the root's own
/// dynamic loader with the root's own libraries, so it sees the machine's files, accounts and devices, needs no rights, and leaves nothing behind when it is killed.
/// </summary>
internal static class SidRoot
{
    /// <summary>Where the roots are, if not in the usual folder of caches.</summary>
    public const string CacheVariable = "NEBULA_TEST_CACHE";

    private const string Keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

    /// <summary>Part of a root's name: a change of what is below makes new roots and leaves the old ones to the runs that use them.</summary>
    private const int Layout = 1;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>A folder of the package's root, if the root has been made.</summary>
    /// <param name="package">Such as <c>postgresql-18</c>.</param>
    /// <param name="folder">Where its programs are, such as <c>usr/lib/postgresql/18/bin</c>.</param>
    public static string? Find(string package, string folder) =>
        Path.Combine(PathOf(package), folder) is var programs && Directory.Exists(programs) ? programs : null;

    /// <summary>A folder of the package's root; the root is made if it is not there. Of several runs that want it at the same time, one makes it.</summary>
    /// <param name="server">What the message of a failure calls the server.</param>
    /// <param name="package">Such as <c>postgresql-18</c>.</param>
    /// <param name="folder">Where its programs are, such as <c>usr/lib/postgresql/18/bin</c>.</param>
    /// <exception cref="ServerUnavailableException">It cannot be made here.</exception>
    [SupportedOSPlatform("linux")]
    public static async Task<string> FindOrMakeAsync(string server, string package, string folder, CancellationToken ct)
    {
        if (Find(package, folder) is { } found)
            return found;
        var root = PathOf(package);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(root)!);
            await using var oneAtATime = await LockAsync(root + ".lock", patience.Token);
            if (Find(package, folder) is { } madeMeanwhile)
                return madeMeanwhile;
            RemoveLeftovers(root);
            await MakeAsync(server, package, root, folder, patience.Token);
            RemoveLeftovers(root);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new ServerUnavailableException(server, $"{root} was not made within {Patience.TotalMinutes:0} min.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ServerUnavailableException(server, $"{root} cannot be made: {e.Message}", e);
        }

        return Find(package, folder) ?? throw new ServerUnavailableException(server, $"{package} has no {folder} (see {root}).");
    }

    /// <summary>Where all that is unpacked is. Not in root's own home, which is closed to the account that the server runs as.</summary>
    public static string CacheFolder()
    {
        return Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } given
            ? Path.GetFullPath(given)
            : Path.Combine(Environment.IsPrivilegedProcess ? "/var/cache" : UserCache(), "nebula-rotation");

        static string UserCache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
    }

    private static string PathOf(string package) => Path.Combine(CacheFolder(), "sid", $"{package}.{Layout}");

    /// <summary>The system frees the lock when the run ends, in whatever way.</summary>
    private static async Task<FileStream> LockAsync(string path, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(Poll, ct);
            }
        }
    }

    /// <summary>We hold the lock: what is half made belongs to runs that were killed. A download of theirs may go on for a while, and make its folder anew.</summary>
    private static void RemoveLeftovers(string root)
    {
        foreach (var leftover in Directory.EnumerateDirectories(Path.GetDirectoryName(root)!, Path.GetFileName(root) + ".new-*"))
        {
            try
            {
                var aside = $"{root}.new-{Guid.NewGuid():N}";
                Directory.Move(leftover, aside);
                Directory.Delete(aside, recursive: true);
            }
            catch (IOException)
            {
                // It is in nobody's way. We try again when ours is made.
            }
        }
    }

    [SupportedOSPlatform("linux")]
    private static async Task MakeAsync(string server, string package, string root, string folder, CancellationToken ct)
    {
        var debootstrap = await FindDebootstrapAsync(server, ct);
        var mirror = await PackageInstaller.FindDebianMirrorAsync(ct)
            ?? throw new ServerUnavailableException(server, "the sources of apt name no archive of Debian's to take its packages from.");
        var work = $"{root}.new-{Guid.NewGuid():N}";
        var (downloads, made) = (Path.Combine(work, "downloads"), Path.Combine(work, "root"));
        Directory.CreateDirectory(made);
        try
        {
            string[] download = ["--download-only", "--variant=minbase", "--force-check-gpg", $"--keyring={Keyring}", $"--include={package}", "sid", downloads, mirror];
            await RunAsync(server, debootstrap, download, ct);
            var packages = Directory.GetFiles(Path.Combine(downloads, "var/cache/apt/archives"), "*.deb").Order(StringComparer.Ordinal).ToList();
            foreach (var file in packages)
                await RunAsync(server, "dpkg-deb", ["--extract", file, made], ct);
            await File.WriteAllLinesAsync(Path.Combine(made, "packages"), packages.Select(file => Path.GetFileName(file)), ct);
            foreach (var program in Directory.GetFiles(Path.Combine(made, folder)).Where(IsElf))
                await WrapAsync(program, made, root, ct);
            // The last step: a root that is there is complete.
            Directory.Move(made, root);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task<string> FindDebootstrapAsync(string server, CancellationToken ct)
    {
        if (CommandRunner.Find("debootstrap") is null || !File.Exists(Keyring))
            await PackageInstaller.InstallAsync(server, ["debootstrap", "debian-archive-keyring"], ct);
        return CommandRunner.Find("debootstrap") ?? throw new ServerUnavailableException(server, "debootstrap was installed, and is not there.");
    }

    /// <summary>
    /// Puts a script in a program's place. <c>--argv0</c>: PostgreSQL's programs find each other and their files by the name that they were called with.
    /// LOCPATH: a C library reads the locales of its own version.
    /// </summary>
    /// <param name="program">In the root that is being made.</param>
    /// <param name="made">The root that is being made.</param>
    /// <param name="root">Where it will be.</param>
    [SupportedOSPlatform("linux")]
    private static async Task WrapAsync(string program, string made, string root, CancellationToken ct)
    {
        // In usr/lib/<architecture>, beside the libraries.
        var oneDown = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 };
        var loader = Directory.GetFiles(Path.Combine(made, "usr/lib"), "ld-linux*.so.*", oneDown).First(file => new FileInfo(file).LinkTarget is null);
        var mode = File.GetUnixFileMode(program);
        File.Move(program, program + ".elf");
        await File.WriteAllTextAsync(program, $"""
            #!/bin/sh
            export LOCPATH={Quote(Path.Combine(made, "usr/lib/locale"))}
            exec {Quote(loader)} --library-path {Quote(Path.GetDirectoryName(loader)!)} --argv0 "$0" {Quote(program + ".elf")} "$@"

            """, ct);
        File.SetUnixFileMode(program, mode);

        string Quote(string path) => ServerProcess.Quote([root + path[made.Length..]]);
    }

    private static bool IsElf(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
            return false;
        using var file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic.SequenceEqual("\u007FELF"u8);
    }

    private static async Task RunAsync(string server, string program, string[] arguments, CancellationToken ct)
    {
        var result = await CommandRunner.RunAsync(program, arguments, new Dictionary<string, string?> { ["LC_ALL"] = "C" }, ct);
        if (!result.Succeeded)
            throw new ServerUnavailableException(server, $"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Tail()}");
    }
}
