using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Module.Tests.EndToEnd;

/// <summary>A shared store as its users have it, in processes of their own: made, filled from a table, moved to and fro, its login's password nowhere.</summary>
public sealed class SharedStoreTests
{
    private const string Password = "St0re-c@nary+/= ü";

    [Fact]
    public async Task A_table_is_stored_moved_to_a_shared_store_and_back_and_no_password_is_shown()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: ct), Assert.Skip);
        using var host = new ScriptHostProcess();
        await server.ExecuteAsync("CREATE DATABASE stores", ct: ct);
        await server.ExecuteAsync(
            $"""
            SET log_statement = 'none';
            CREATE ROLE runner LOGIN PASSWORD {PostgresServer.Literal(Password)};
            GRANT CREATE ON DATABASE stores TO runner;
            """,
            "stores",
            ct);
        var folder = Directory.CreateTempSubdirectory("nebula-shared-");
        try
        {
            using var process = host.Start(
                Path.Combine(AppContext.BaseDirectory, "EndToEnd", "SharedStore.ps1"),
                "-Module", Repository.Manifest, "-Address", $"postgresql://runner@{server.Host}:{server.Port}/stores?sslmode=disable", "-Folder", folder.FullName);
            await process.StandardInput.WriteLineAsync(Password);
            var result = ScriptHostProcess.Finish(process);
            var output = result.Output + result.Error;

            TestContext.Current.TestOutputHelper?.WriteLine(output);
            Assert.Contains("== end", output, StringComparison.Ordinal);
            Assert.Contains("stored 60", output, StringComparison.Ordinal);
            Assert.Contains("again 60 version 1 port 5432", output, StringComparison.Ordinal);
            Assert.Contains("updated 60 port 6000", output, StringComparison.Ordinal);
            Assert.Contains("refused argument: Nebula.InvalidArgument", output, StringComparison.Ordinal);
            Assert.Contains("refused unset: Nebula.InvalidArgument", output, StringComparison.Ordinal);
            Assert.Contains("moved 60 to shared", output, StringComparison.Ordinal);
            Assert.Contains("old store: Nebula.StoreUnavailable", output, StringComparison.Ordinal);
            Assert.Contains("shared has secret-of-app07", output, StringComparison.Ordinal);
            Assert.Contains("moved 60 to file", output, StringComparison.Ordinal);
            Assert.Contains("file has secret-of-app59", output, StringComparison.Ordinal);
            Assert.Contains("trail True", output, StringComparison.Ordinal);
            Assert.DoesNotContain("c@nary", output, StringComparison.Ordinal);
            Assert.DoesNotContain("c@nary", await server.ReadLogAsync(ct), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
