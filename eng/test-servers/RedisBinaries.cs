using System.Runtime.Versioning;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// The program that is Redis. Debian's redis-tools has it without any service: redis-check-rdb is the server's own program, which looks at the name
/// that it is called by (src/server.c, main). The same with Valkey.
/// </summary>
/// <param name="Program">The program's file.</param>
/// <param name="CalledAs">The name that makes it a server.</param>
internal sealed record RedisBinaries(string Program, string CalledAs)
{
    private const string Tools = "redis-tools";
    private const string ValkeyTools = "valkey-tools";

    /// <summary>The program on this machine; made or installed if there is none and that is allowed.</summary>
    /// <exception cref="ServerUnavailableException">There is none, and none can be had.</exception>
    [SupportedOSPlatform("linux")]
    public static async Task<RedisBinaries> FindOrInstallAsync(RedisRelease release, bool mayInstall, CancellationToken ct)
    {
        if (Find(release) is { } found)
            return found;
        var server = release.ServerName();
        if (!mayInstall)
            throw new ServerUnavailableException(server, "PATH does not have it, and installing is not allowed here.");
        if (release is RedisRelease.Distribution)
            await PackageInstaller.InstallAsync(server, [Tools], ct);
        else
            await SidRoot.FindOrMakeAsync(server, Package(release), "usr/bin", ct);
        return Find(release) ?? throw new ServerUnavailableException(server, $"{Package(release)} was installed, and has no {CheckProgram(release)}.");
    }

    private static RedisBinaries? Find(RedisRelease release)
    {
        var name = release is RedisRelease.Valkey ? "valkey-server" : "redis-server";
        var program = release is RedisRelease.Distribution
            ? CommandRunner.Find(name) ?? CommandRunner.Find(CheckProgram(release))
            : SidRoot.Find(Package(release), "usr/bin") is { } folder ? Path.Combine(folder, CheckProgram(release)) : null;
        return program is not null && File.Exists(program) ? new RedisBinaries(program, name) : null;
    }

    private static string Package(RedisRelease release) => release is RedisRelease.Valkey ? ValkeyTools : Tools;

    private static string CheckProgram(RedisRelease release) => release is RedisRelease.Valkey ? "valkey-check-rdb" : "redis-check-rdb";
}
