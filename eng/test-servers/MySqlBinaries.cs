using System.Runtime.Versioning;

namespace Nebula.Rotation.TestServers;

/// <summary>Where the programs and files of a server of the MySQL family are.</summary>
/// <param name="Server">The server's program.</param>
/// <param name="ShareFolder">Messages, character sets, the statements that make the system tables.</param>
/// <param name="PluginFolder">What it can load; null for the server's own idea.</param>
/// <param name="InitialStatements">Files in the share folder that make MariaDB's system tables, in their order; none where the server does that itself.</param>
internal sealed record MySqlBinaries(string Server, string ShareFolder, string PluginFolder, IReadOnlyList<string> InitialStatements)
{
    /// <summary>
    /// What the program mariadb-install-db feeds to a server that bootstraps (its cat_sql). The program itself wants others of the client's package.
    /// </summary>
    private static readonly string[] MariaDbInitialStatements =
    [
        "mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql", "fill_help_tables.sql", "maria_add_gis_sp_bootstrap.sql", "mysql_sys_schema.sql",
    ];

    /// <summary>The programs alone: the package <c>mariadb-server</c> makes a data folder of its own and starts a service on it.</summary>
    private const string MariaDbPackage = "mariadb-server-core";

    /// <summary>The package whose plugins we take without installing it.</summary>
    private const string MariaDbPluginPackage = "mariadb-server";

    private const string MySqlPackage = "mysql-server-core";
    private const string MySqlFolder = "usr/sbin";

    /// <summary>The server's programs; made or installed if there are none and that is allowed.</summary>
    /// <exception cref="ServerUnavailableException">There are none, and none can be had.</exception>
    [SupportedOSPlatform("linux")]
    public static async Task<MySqlBinaries> FindOrInstallAsync(MySqlRelease release, bool mayInstall, CancellationToken ct)
    {
        if (Find(release) is { } found)
            return found;
        var server = release.ServerName();
        if (!mayInstall)
            throw new ServerUnavailableException(server, "its programs are not on this machine, and installing is not allowed here.");
        if (release is MySqlRelease.MySql)
        {
            await SidRoot.FindOrMakeAsync(server, MySqlPackage, MySqlFolder, ct);
        }
        else
        {
            if (CommandRunner.Find("mariadbd") is null)
            {
                if (PackageInstaller.WhyNot() is { } reason)
                    throw new ServerUnavailableException(server, $"{reason}; install {MariaDbPackage} by hand, or set {release.Variable()}.");
                await PackageInstaller.InstallAsync(server, [MariaDbPackage], ct);
            }

            await DebianPackage.UnpackAsync(server, MariaDbPluginPackage, ct);
        }

        return Find(release) ?? throw new ServerUnavailableException(server, "it was installed, and its programs are not there.");
    }

    private static MySqlBinaries? Find(MySqlRelease release)
    {
        if (release is MySqlRelease.MySql)
        {
            if (SidRoot.Find(MySqlPackage, MySqlFolder) is not { } sid)
                return null;
            // The programs run in the machine's own file system and must be told where their files are.
            var root = Path.GetFullPath(Path.Combine(sid, "../.."));
            return new(Path.Combine(sid, "mysqld"), Path.Combine(root, "usr/share/mysql"), Path.Combine(root, "usr/lib/mysql/plugin"), []);
        }

        if (CommandRunner.Find("mariadbd") is not { } server)
            return null;
        const string own = "/usr/lib/mysql/plugin";
        var plugins = File.Exists(Path.Combine(own, "auth_ed25519.so")) ? own
            : DebianPackage.Find(MariaDbPluginPackage) is { } unpacked ? Path.Combine(unpacked, own.TrimStart('/'))
            : null;
        return plugins is null ? null : new(server, "/usr/share/mysql", plugins, MariaDbInitialStatements);
    }
}
