namespace Nebula.Rotation.TestServers;

/// <summary>pg_dump and pg_dumpall, run against a server. Passwords go by the environment, never by the command line.</summary>
internal sealed class PostgresDump(string host, int port, string user, string password, string maintenanceDatabase)
{
    /// <summary>
    /// One database's definitions, with its own properties (--create). These two sections are what --schema-only gives, and beside it the large objects' owners and rights,
    /// which --schema-only leaves out even with --blobs (seen on 15).
    /// </summary>
    public Task<string> DatabaseAsync(PostgresBinaries binaries, string database, CancellationToken ct) =>
        RunAsync(binaries, "pg_dump", ["--section=pre-data", "--section=post-data", "--create"], database, ct);

    /// <summary>The cluster's roles, memberships, settings and tablespaces.</summary>
    public Task<string> GlobalsAsync(PostgresBinaries binaries, CancellationToken ct) =>
        RunAsync(binaries, "pg_dumpall", ["--globals-only", $"--database={maintenanceDatabase}"], database: null, ct);

    private async Task<string> RunAsync(PostgresBinaries binaries, string program, IEnumerable<string> arguments, string? database, CancellationToken ct)
    {
        var environment = new Dictionary<string, string?>
        {
            ["PGHOST"] = host,
            ["PGPORT"] = $"{port}",
            ["PGUSER"] = user,
            ["PGPASSWORD"] = password,
            // The environment takes any name as it is; on the command line a name with '=' would be read as a connection string.
            ["PGDATABASE"] = database,
            ["PGCLIENTENCODING"] = "UTF8",
            ["PGSERVICE"] = null,
            ["PGOPTIONS"] = null,
            ["LC_ALL"] = "C.UTF-8",
        };
        var result = await CommandRunner.RunAsync(binaries.Program(program), ["--no-password", .. arguments], environment, ct);
        return result.Succeeded ? result.Output : throw new InvalidOperationException($"{program} ended with {result.ExitCode}: {result.Tail()}");
    }
}
