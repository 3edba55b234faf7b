namespace Nebula.Rotation.TestServers;

/// <summary>Installs Debian packages, where that is allowed: as root, with apt.</summary>
internal static class PackageInstaller
{
    private static readonly TimeSpan ListsAreFreshFor = TimeSpan.FromDays(1);

    private static readonly Dictionary<string, string?> Quiet = new()
    {
        ["DEBIAN_FRONTEND"] = "noninteractive",
        ["DEBCONF_NONINTERACTIVE_SEEN"] = "true",
        // Configuration files that exist stay as they are, without a question.
        ["UCF_FORCE_CONFFOLD"] = "1",
        ["LC_ALL"] = "C",
    };

    /// <summary>Why packages cannot be installed here; null when they can.</summary>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux() || CommandRunner.Find("apt-get") is null)
            return "packages are installed with apt-get, which this machine does not have";
        return Environment.IsPrivilegedProcess ? null : "packages are installed by root only, and the tests do not run as root";
    }

    /// <summary>Installs packages, reading the lists anew first if they are stale or missing, and again if that does not help.</summary>
    /// <exception cref="ServerUnavailableException">They cannot be installed.</exception>
    public static async Task InstallAsync(string server, IReadOnlyList<string> packages, CancellationToken ct)
    {
        var names = string.Join(" ", packages);
        if (WhyNot() is { } reason)
            throw new ServerUnavailableException(server, $"{reason}; install {names} by hand.");

        var refreshed = !ListsAreFresh();
        if (refreshed)
            await RunAptAsync(["update"], ct);
        var result = await RunAptAsync(InstallArguments(packages), ct);
        if (!result.Succeeded && !refreshed)
        {
            await RunAptAsync(["update"], ct);
            result = await RunAptAsync(InstallArguments(packages), ct);
        }

        if (!result.Succeeded)
            throw new ServerUnavailableException(server, $"apt-get install {names} ended with {result.ExitCode}: {result.Tail()}");
    }

    /// <summary>The archive that this machine takes Debian's own packages from, or null. apt tells, so every form of its sources is understood.</summary>
    public static async Task<string?> FindDebianMirrorAsync(CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux() || CommandRunner.Find("apt-get") is null)
            return null;
        var mirror = await ReadAsync();
        // Without lists apt does not know whose an archive is.
        if (mirror is null && WhyNot() is null && !ListsAreFresh())
        {
            await RunAptAsync(["update"], ct);
            mirror = await ReadAsync();
        }

        return mirror;

        async Task<string?> ReadAsync()
        {
            string[] arguments = ["indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"];
            var targets = await CommandRunner.RunAsync("apt-get", arguments, Quiet, ct);
            return targets.Output.Split('\n')
                .Select(line => line.Split('|', 3))
                .FirstOrDefault(target => target is ["Debian", "Debian", var uri] && !uri.StartsWith("mirror", StringComparison.Ordinal))?[2]
                .TrimEnd('/');
        }
    }

    private static string[] InstallArguments(IReadOnlyList<string> packages) =>
        ["install", "--yes", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Options::=--force-confdef", .. packages];

    // Another run may be installing at the same moment: apt waits for its lock, and finds the package there.
    private static Task<CommandResult> RunAptAsync(IEnumerable<string> arguments, CancellationToken ct) =>
        CommandRunner.RunAsync("apt-get", ["-o", "DPkg::Lock::Timeout=300", "-q", .. arguments], Quiet, ct);

    private static bool ListsAreFresh()
    {
        var lists = new DirectoryInfo("/var/lib/apt/lists");
        return lists.Exists
            && lists.EnumerateFiles("*_Packages*").Any()
            && DateTime.UtcNow - lists.EnumerateFiles("*Release").Select(file => file.LastWriteTimeUtc).Append(lists.LastWriteTimeUtc).Max() < ListsAreFreshFor;
    }
}
