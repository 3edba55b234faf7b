using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Module.Tests.EndToEnd;

/// <summary>The demo, which is the application under traffic; and its negative control, without which a count of zero would prove nothing.</summary>
public sealed partial class DemoTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    [Fact]
    public async Task Rotations_in_a_row_under_traffic_fail_no_query_and_leave_the_server_as_it_was()
    {
        var (code, output) = await RunAsync("-Rounds", "8");

        Assert.True(code == 0, output);
        Assert.Contains("server: no orphan role; every definition and right as before", output, StringComparison.Ordinal);
        Assert.Contains(", 0 changed", output, StringComparison.Ordinal);
        var (queries, failed) = Count(output);
        Assert.Equal(0, failed);
        Assert.True(queries > 2000, output);
    }

    [Theory]
    [InlineData("MariaDb")]
    [InlineData("MySql")]
    public async Task So_they_do_on_MySQL_and_MariaDB_and_one_login_is_kept_as_the_definer(string engine)
    {
        var (code, output) = await RunAsync("-Engine", engine, "-Rounds", "3");

        Assert.True(code == 0, output);
        Assert.Contains("server: no orphan account; every definition and right as before (shop_app kept, locked,", output, StringComparison.Ordinal);
        Assert.Contains(", 0 changed", output, StringComparison.Ordinal);
        var (queries, failed) = Count(output);
        Assert.Equal(0, failed);
        Assert.True(queries > 800, output);
    }

    [Fact]
    public async Task A_rotation_that_cuts_off_who_is_late_is_seen_to_fail_queries()
    {
        // The transaction outlives the rotation's drain on a slow machine, too.
        var (code, output) = await RunAsync("-OnDrainTimeout", "Terminate", "-GracePeriod", "0", "-LongTransaction", "20", "-LateSeconds", "6");

        Assert.Equal(1, code);
        Assert.True(Count(output).Failed > 0, output);
    }

    private static (int Queries, int Failed) Count(string output)
    {
        var match = CountLine().Match(output);
        Assert.True(match.Success, output);
        return (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        // The application starts a server of its own; where none can be had the test is skipped as others are.
        await using (await ServerRequirement.OrSkip(() => StartServerAsync(arguments), Assert.Skip))
        {
        }

        var start = new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "pwsh-host.dll"), Path.Combine(Repository.Root, "demo", "demo.ps1"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PSModulePath"] = Path.Combine(Repository.Root, "out") },
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The demo did not end within {Limit.TotalMinutes} minutes.");
        }

        return (process.ExitCode, await output + await error);
    }

    private static async Task<IAsyncDisposable> StartServerAsync(string[] arguments) => arguments switch
    {
        ["-Engine", "MariaDb", ..] => await MySqlServer.StartAsync(new() { Release = MySqlRelease.MariaDb }, TestContext.Current.CancellationToken),
        ["-Engine", "MySql", ..] => await MySqlServer.StartAsync(new() { Release = MySqlRelease.MySql }, TestContext.Current.CancellationToken),
        _ => await PostgresServer.StartAsync(ct: TestContext.Current.CancellationToken),
    };

    [GeneratedRegex(@"app queries: (\d+), failed: (\d+)")]
    private static partial Regex CountLine();
}
