using System.Globalization;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.TestServers;

/// <summary>A folder with PostgreSQL's programs, and their version.</summary>
internal sealed partial record PostgresBinaries(string Folder, Version Version)
{
    /// <summary>The package of the Debian release that these tests are run on.</summary>
    private const string ServerPackage = "postgresql-15";

    private const string Package18 = "postgresql-18";
    private const string Folder18 = "usr/lib/postgresql/18/bin";

    private const string ClusterDefaults = "/etc/postgresql-common/createcluster.conf";

    public string Program(string name) => Path.Combine(Folder, name);

    /// <summary>The newest server of this release on this machine; made or installed if there is none and that is allowed.</summary>
    /// <exception cref="ServerUnavailableException">There is none, and none can be had.</exception>
    [SupportedOSPlatform("linux")]
    public static async Task<PostgresBinaries> FindOrInstallAsync(PostgresRelease release, bool mayInstall, CancellationToken ct)
    {
        if (await FindAsync(release, ct) is { } found)
            return found;
        var (server, wanted) = (release.ServerName(), release is PostgresRelease.V18 ? Package18 : ServerPackage);
        if (!mayInstall)
            throw new ServerUnavailableException(server, "neither /usr/lib/postgresql/*/bin nor PATH has it, and installing is not allowed here.");
        if (release is PostgresRelease.V18)
        {
            await SidRoot.FindOrMakeAsync(server, Package18, Folder18, ct);
        }
        else
        {
            if (PackageInstaller.WhyNot() is { } reason)
                throw new ServerUnavailableException(server, $"{reason}; install {ServerPackage} by hand, or set {release.Variable()}.");
            await InstallAsync(server, ct);
        }

        return await FindAsync(release, ct) ?? throw new ServerUnavailableException(server, $"{wanted} was installed, and its programs do not run.");
    }

    public static async Task<PostgresBinaries?> FindAsync(PostgresRelease release, CancellationToken ct)
    {
        const string debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(debian) ? Directory.EnumerateDirectories(debian).Select(version => Path.Combine(version, "bin")) : [];
        if (CommandRunner.Find("postgres") is { } onPath)
            folders = folders.Append(Path.GetDirectoryName(onPath)!);
        if (release is PostgresRelease.V18 && SidRoot.Find(Package18, Folder18) is { } sid)
            folders = folders.Append(sid);

        var found = new List<PostgresBinaries>();
        foreach (var folder in folders.Where(IsComplete))
        {
            var answer = await CommandRunner.RunAsync(Path.Combine(folder, "postgres"), ["--version"], ct: ct);
            if (answer.Succeeded && ReadVersion(answer.Output) is { } version && (release is not PostgresRelease.V18 || version.Major == 18))
                found.Add(new PostgresBinaries(folder, version));
        }

        return found.MaxBy(binaries => binaries.Version);
    }

    /// <summary>The version in text such as <c>postgres (PostgreSQL) 15.18 (Debian 15.18-0)</c>, <c>18beta1</c> or <c>15.18</c>.</summary>
    public static Version? ReadVersion(string text)
    {
        var match = VersionPattern().Match(text);
        return match.Success
            ? new Version(Number(match.Groups["major"].Value), match.Groups["minor"].Success ? Number(match.Groups["minor"].Value) : 0)
            : null;

        static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"(?<major>\d+)(\.(?<minor>\d+))?")]
    private static partial Regex VersionPattern();

    private static readonly string[] Needed = ["postgres", "initdb", "pg_dump", "pg_dumpall"];

    private static bool IsComplete(string folder) => Needed.All(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>
    /// Installs the server without the cluster that its package would make and start: postgresql-common first, which brings the setting that
    /// says so; the setting is put back afterwards, for it is not ours.
    /// </summary>
    private static async Task InstallAsync(string server, CancellationToken ct)
    {
        await PackageInstaller.InstallAsync(server, ["postgresql-common"], ct);
        var before = await File.ReadAllTextAsync(ClusterDefaults, ct);
        try
        {
            await File.WriteAllTextAsync(ClusterDefaults, before + "\ncreate_main_cluster = false\n", ct);
            await PackageInstaller.InstallAsync(server, [ServerPackage], ct);
        }
        finally
        {
            await File.WriteAllTextAsync(ClusterDefaults, before, CancellationToken.None);
        }
    }
}
