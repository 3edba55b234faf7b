using System.Diagnostics;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;
using Nebula.Rotation.Module.Tests.Support;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Module.Tests.EndToEnd;

/// <summary>
/// A user's whole journey in a process of its own on a real server that logs every statement; then a search for each password in all that was
/// printed, in the server's log, in the process list as it was meanwhile, and in the store's files.
/// </summary>
public sealed class SecrecyTests
{
    private const string Password = "C@nary /pa'ss\"wörd%&+\\`?#: 42";
    private const string AdminPassword = "Adm1n \"c@nary' %&+\\`?#:/ ü";
    private const string WrongPassword = "Wr0ng 'c@nary\" %&+\\`?#:/ ö";

    [Fact]
    public async Task No_password_is_in_any_output_log_process_list_or_store()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: ct), Assert.Skip);
        using var host = new ScriptHostProcess();
        await server.ExecuteAsync("CREATE DATABASE journey", ct: ct);

        // The setting is local to the session: what the fixture says in clear is not what is looked for.
        await server.ExecuteAsync(
            $"""
            SET log_statement = 'none';
            CREATE ROLE "the app" LOGIN PASSWORD {PostgresServer.Literal(Password)};
            CREATE ROLE "the admin" LOGIN SUPERUSER PASSWORD {PostgresServer.Literal(AdminPassword)};
            CREATE TABLE things (id integer);
            GRANT SELECT ON things TO "the app";
            CREATE SCHEMA AUTHORIZATION "the app";
            """,
            "journey",
            ct);

        var folder = Directory.CreateTempSubdirectory("nebula-journey-");
        try
        {
            using var process = host.Start(
                Path.Combine(AppContext.BaseDirectory, "EndToEnd", "Journey.ps1"),
                "-Module", Repository.Manifest, "-HostName", server.Host, "-Port", $"{server.Port}", "-Database", "journey", "-UserName", "the app", "-AdminName", "the admin", "-Folder", folder.FullName);
            await process.StandardInput.WriteLineAsync(Password);
            await process.StandardInput.WriteLineAsync(AdminPassword);
            await process.StandardInput.WriteLineAsync(WrongPassword);
            var commandLines = WatchCommandLinesAsync(process);
            var result = ScriptHostProcess.Finish(process);
            var output = result.Output + result.Error;

            Assert.Contains("== end", output, StringComparison.Ordinal);
            TestContext.Current.TestOutputHelper?.WriteLine(output);
            AssertStory(output);
            var made = new Uri(await File.ReadAllTextAsync(Path.Combine(folder.FullName, "made"), ct));
            File.Delete(Path.Combine(folder.FullName, "made"));
            var madePassword = Uri.UnescapeDataString(made.UserInfo.Split(':', 2)[1]);
            Assert.Equal(40, madePassword.Length);

            await AssertTargetsAsync(Path.Combine(folder.FullName, "targets"), madePassword, ct);

            var log = await server.ReadLogAsync(ct);
            Assert.Contains("CREATE ROLE \"app_", log, StringComparison.Ordinal);
            Assert.Contains("SCRAM-SHA-256$4096:", log, StringComparison.Ordinal);
            var processes = await commandLines;
            Assert.Contains("Journey.ps1", processes, StringComparison.Ordinal);
            var files = string.Concat(Directory.GetFiles(folder.FullName).Select(file => System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file))));
            Assert.Contains("SQLite format 3", files, StringComparison.Ordinal);
            foreach (var secret in new[] { Password, AdminPassword, WrongPassword, madePassword })
            {
                Assert.Empty(Canaries.FindIn(secret, output));
                Assert.Empty(Canaries.FindIn(secret, log));
                Assert.Empty(Canaries.FindIn(secret, processes));
                Assert.Empty(Canaries.FindIn(System.Text.Encoding.Latin1.GetString(System.Text.Encoding.UTF8.GetBytes(secret)), files));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The passwords did go where they were meant to: a search that finds nothing elsewhere proves something.</summary>
    private static async Task AssertTargetsAsync(string folder, string made, CancellationToken ct)
    {
        var scripted = await File.ReadAllTextAsync(Path.Combine(folder, "scripted"), ct);
        Assert.Contains($"Rollback the app {Password}", scripted, StringComparison.Ordinal);
        Assert.Contains($"Publish the app {Password}", scripted, StringComparison.Ordinal);
        Assert.Contains(made, scripted, StringComparison.Ordinal);
        using var told = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "told"), ct));
        var (user, password) = (told.RootElement.GetProperty("username").GetString()!, told.RootElement.GetProperty("password").GetString()!);
        Assert.EndsWith($"Publish {user} {password}\n", scripted, StringComparison.Ordinal);
        Assert.Contains($"DB_USER={user}\n", await File.ReadAllTextAsync(Path.Combine(folder, "app.env"), ct), StringComparison.Ordinal);
        Assert.EndsWith($":{user}:{password}\n", await File.ReadAllTextAsync(Path.Combine(folder, "pgpass"), ct), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "*.nebula"));
        Assert.Equal("PASSWORD='not ours'\n", await File.ReadAllTextAsync(Path.Combine(folder, "refused.env"), ct));
    }

    /// <summary>It is the journey that was meant, and each mishap was told as what it was.</summary>
    private static void AssertStory(string output)
    {
        var text = output.ReplaceLineEndings(" ");
        Assert.Contains("Nebula.AuthenticationFailed", text, StringComparison.Ordinal);
        Assert.Contains("Nebula.AdminAuthenticationFailed", text, StringComparison.Ordinal);
        Assert.Contains("Nebula.InvalidArgument", text, StringComparison.Ordinal);
        Assert.Contains("Nebula.PublishFailed", text, StringComparison.Ordinal);
        Assert.Contains("no, not ***", text, StringComparison.Ordinal);
        Assert.Contains("Nebula.UndoNotPossible", text, StringComparison.Ordinal);
        Assert.Contains("PASSWORD '***'", text, StringComparison.Ordinal);
        Assert.Contains("Retained", text, StringComparison.Ordinal);
        Assert.Contains("Everybody can reach", text, StringComparison.Ordinal);
        Assert.Contains("app.json' is no JSON", text, StringComparison.Ordinal);
    }

    /// <summary>Every command line of the machine, looked at until the process ends.</summary>
    private static async Task<string> WatchCommandLinesAsync(Process process)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (!process.HasExited)
        {
            foreach (var folder in Directory.GetDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
            {
                try
                {
                    seen.Add((await File.ReadAllTextAsync(Path.Combine(folder, "cmdline"))).Replace('\0', ' '));
                }
                catch (IOException)
                {
                    // It ended between the listing and the look.
                }
            }

            await Task.Delay(50);
        }

        return string.Join('\n', seen);
    }
}
