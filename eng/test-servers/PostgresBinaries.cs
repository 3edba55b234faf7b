using System.Globalization;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.TestServers;

/// <summary>A folder with PostgreSQL's programs, and their version.</summary>
internal sealed partial record PostgresBinaries(string Folder, Version Version)
{
    /// <summary>The package of the Debian release that these tests are run on.</summary>
    private const string ServerPackage = "postgresql-15";

    private const string ClusterDefaults = "/etc/postgresql-common/createcluster.conf";

    public string Program(string name) => Path.Combine(Folder, name);

    /// <summary>The newest server on this machine; installed if there is none and that is allowed.</summary>
    /// <exception cref="ServerUnavailableException">There is none, and none can be installed.</exception>
    public static async Task<PostgresBinaries> FindOrInstallAsync(bool mayInstall, CancellationToken ct)
    {
        if (await FindAsync(ct) is { } found)
            return found;
        if (!mayInstall)
            throw new ServerUnavailableException(PostgresServer.ServerName, "neither /usr/lib/postgresql/*/bin nor PATH has it, and installing is not allowed here.");
        if (PackageInstaller.WhyNot() is { } reason)
            throw new ServerUnavailableException(PostgresServer.ServerName, $"{reason}; install {ServerPackage} by hand, or set {PostgresEndpoint.Variable}.");
        await InstallAsync(ct);
        return await FindAsync(ct)
            ?? throw new ServerUnavailableException(PostgresServer.ServerName, $"{ServerPackage} was installed, and its programs are not in /usr/lib/postgresql/*/bin.");
    }

    public static async Task<PostgresBinaries?> FindAsync(CancellationToken ct)
    {
        const string debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(debian) ? Directory.EnumerateDirectories(debian).Select(version => Path.Combine(version, "bin")) : [];
        if (CommandRunner.Find("postgres") is { } onPath)
            folders = folders.Append(Path.GetDirectoryName(onPath)!);

        var found = new List<PostgresBinaries>();
        foreach (var folder in folders.Where(IsComplete))
        {
            var answer = await CommandRunner.RunAsync(Path.Combine(folder, "postgres"), ["--version"], ct: ct);
            if (answer.Succeeded && ReadVersion(answer.Output) is { } version)
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
    private static async Task InstallAsync(CancellationToken ct)
    {
        await PackageInstaller.InstallAsync(PostgresServer.ServerName, ["postgresql-common"], ct);
        var before = await File.ReadAllTextAsync(ClusterDefaults, ct);
        try
        {
            await File.WriteAllTextAsync(ClusterDefaults, before + "\ncreate_main_cluster = false\n", ct);
            await PackageInstaller.InstallAsync(PostgresServer.ServerName, [ServerPackage], ct);
        }
        finally
        {
            await File.WriteAllTextAsync(ClusterDefaults, before, CancellationToken.None);
        }
    }
}
