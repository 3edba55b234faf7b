namespace Nebula.Rotation.TestServers;

/// <summary>pg_dump and pg_dumpall, run against a server. Passwords go by the environment, never by the command line.</summary>
internal sealed class PostgresDump(string host, int port, string user, string password, string maintenanceDatabase)
{
    /// <summary>
    /// One database's definitions, with its own properties (--create). Not --schema-only, which leaves out large objects: they are definitions to 15 (even there --blobs does
    /// not bring them back), and data with their owners and rights to 18 (seen on both). So everything is dumped, without the rows of any table in any schema.
    /// </summary>
    public Task<string> DatabaseAsync(PostgresBinaries binaries, string database, CancellationToken ct) =>
        RunAsync(binaries, "pg_dump", ["--exclude-table-data=*.*", "--create"], database, ct);

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
