using System.Runtime.Versioning;

namespace Nebula.Rotation.TestServers;

internal sealed partial class PostgresCluster
{
    /// <summary>A copy of a running cluster that follows it (manual, "Log-Shipping Standby Servers").</summary>
    [SupportedOSPlatform("linux")]
    public static async Task<PostgresCluster> CreateReplicaAsync(PostgresCluster primary, string superUser, string superPassword, CancellationToken ct)
    {
        const string server = "PostgreSQL";
        var parent = await primary._account.FindTempFolderAsync(server, ct);
        var process = await ServerProcess.CreateAsync("postgres-replica", parent, "QUIT", ct);
        try
        {
            var cluster = new PostgresCluster(primary._binaries, primary._options, primary._account, process);
            await cluster.CopyAsync(primary, superUser, superPassword, ct);
            await cluster.StartOnFreePortAsync(ct);
            return cluster;
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            await process.DisposeAsync();
            throw new ServerUnavailableException(server, e.Message, e);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    [SupportedOSPlatform("linux")]
    private async Task CopyAsync(PostgresCluster primary, string superUser, string superPassword, CancellationToken ct)
    {
        // As initdb's: the server's account reads it, nobody else does, and it is gone when the copy is made.
        var passwordFile = Path.Combine(Process.Folder, "password");
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        string[] copy =
        [
            "env", $"PGPASSFILE={passwordFile}", _binaries.Program("pg_basebackup"), $"--pgdata={DataDirectory}", "--host=127.0.0.1", $"--port={primary.Port}",
            $"--username={superUser}", "--no-password", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-manifest",
        ];
        CommandResult result;
        try
        {
            await using (var writer = new StreamWriter(passwordFile, create))
                await writer.WriteAsync($"*:*:*:{superUser}:{superPassword}\n");
            result = await Process.PrepareAsync("copy.sh", $"""
                set -e
                code=0
                cd /
                mkdir -m 700 {ServerProcess.Quote([DataDirectory])}
                {(_account.User is { } user ? ServerProcess.Quote(["chown", user, DataDirectory, passwordFile]) : ":")}
                {ServerProcess.Quote(_account.Run(copy))} || code=$?
                {ServerProcess.Quote(_account.Run("touch", Path.Combine(DataDirectory, "standby.signal")))} || code=$?
                rm -f {ServerProcess.Quote([passwordFile])}
                exit "$code"

                """, ct);
        }
        finally
        {
            File.Delete(passwordFile);
        }

        if (!result.Succeeded)
            throw new ServerUnavailableException("PostgreSQL", $"pg_basebackup ended with {result.ExitCode}: {result.Tail()}");

        // The last word counts: what the copy says of its own folder is the primary's.
        var source = $"host=127.0.0.1 port={primary.Port} user={superUser} password={superPassword} application_name={Path.GetFileName(Process.Folder)}";
        await File.AppendAllTextAsync(
            Path.Combine(DataDirectory, "postgresql.conf"),
            $"{Configuration()}primary_conninfo = '{source}'\nwal_retrieve_retry_interval = '200ms'\n",
            ct);
    }
}
