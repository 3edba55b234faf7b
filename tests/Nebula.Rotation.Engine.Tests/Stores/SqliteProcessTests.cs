using System.Diagnostics;
using System.Globalization;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>Runners that are real processes: this test program, started again with one explicit test that is not one.</summary>
public sealed class SqliteProcessTests : SqliteFixture
{
    private const string StoreVariable = "NEBULA_TEST_CHILD_STORE";
    private const string SaysVariable = "NEBULA_TEST_CHILD_SAYS";

    // Of a deadlock. A child is a whole test program, which takes a second to start, and a minute where the machine has other things to do.
    private const int Limit = 600_000;

    [Fact(Timeout = Limit)]
    public async Task Killed_at_any_moment_a_runner_leaves_all_it_was_told_is_written_and_its_lease_to_the_next()
    {
        await MakeAsync();
        for (var round = 0; round < 2; round++)
        {
            var says = Path.Combine(Folder, $"says-{round}");
            using var child = StartRunner(says);
            while (ReadLines(says).Count < 20 + (37 * round))
            {
                Assert.False(child.HasExited, "The runner ended by itself.");
                await Task.Delay(5, Token);
            }

            child.Kill();
            await child.WaitForExitAsync(Token);

            await using var store = await SqliteCredentialStore.OpenAsync(StorePath, new KeyFileProvider(), TimeProvider.System, createIfMissing: false, Token);
            var credential = (await store.FindAsync("orders", "global", Token))!;
            var record = Assert.Single(await store.ListRotationsAsync(new() { States = [RotationState.Running] }, Token));
            var steps = (await store.ReadRotationAsync(record.RotationId, Token))!.Entries.Select(static entry => entry.Data!).ToList();
            var acknowledged = ReadLines(says);

            // The one that was under way when the process died may be there or not.
            Assert.Equal(acknowledged, steps.Take(acknowledged.Count));
            Assert.InRange(steps.Count - acknowledged.Count, 0, 1);
            var lease = await store.AcquireLeaseAsync(credential.Id, LeaseTime, Token);
            await store.SetStateAsync(lease, record.RotationId, new() { State = RotationState.RolledBack }, Token);
            await store.ReleaseLeaseAsync(lease, Token);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Of_several_processes_exactly_one_rotates()
    {
        await MakeAsync();
        var says = Enumerable.Range(0, 3).Select(number => Path.Combine(Folder, $"says-{number}")).ToArray();
        var children = says.Select(StartRunner).ToArray();
        try
        {
            // The two that are refused may say so before the third has written its first entry.
            while (says.Any(static file => ReadLines(file).Count == 0))
            {
                Assert.DoesNotContain(children.Zip(says), static runner => runner.First.HasExited && ReadLines(runner.Second).Count == 0);
                await Task.Delay(5, Token);
            }

            Assert.Equal(["1", "LeaseHeld", "LeaseHeld"], says.Select(static file => ReadLines(file)[0]).Order(StringComparer.Ordinal));
        }
        finally
        {
            foreach (var child in children)
            {
                child.Kill();
                await child.WaitForExitAsync(CancellationToken.None);
                child.Dispose();
            }
        }
    }

    /// <summary>The runner itself: takes the lease and writes its journal until it is killed; says in a file what has been acknowledged.</summary>
    [Fact(Explicit = true)]
    public async Task Runner()
    {
        var path = Environment.GetEnvironmentVariable(StoreVariable);
        Assert.SkipWhen(path is null, "only started by the tests of this class");
        await using var says = new StreamWriter(Environment.GetEnvironmentVariable(SaysVariable)!) { AutoFlush = true };
        await using var store = await SqliteCredentialStore.OpenAsync(path, new KeyFileProvider(), TimeProvider.System, createIfMissing: false, Token);
        var credential = (await store.FindAsync("orders", "global", Token))!;
        try
        {
            var lease = await store.AcquireLeaseAsync(credential.Id, TimeSpan.FromHours(1), Token);
            var record = Record(credential);
            await store.BeginRotationAsync(lease, record, "document"u8.ToArray(), Token);
            for (var number = 1; ; number++)
            {
                var text = number.ToString(CultureInfo.InvariantCulture);
                await store.AppendJournalAsync(lease, record.RotationId, Entry("step", data: text), Token);
                await says.WriteLineAsync(text);
            }
        }
        catch (RotationException exception)
        {
            await says.WriteLineAsync(exception.Code.ToString());
        }
    }

    private static List<string> ReadLines(string file)
    {
        if (!File.Exists(file))
            return [];

        // A line without its end is still being written.
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. reader.ReadToEnd().Split(Environment.NewLine)[..^1]];
    }

    private Process StartRunner(string says)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Nebula.Rotation.Engine.Tests" + (OperatingSystem.IsWindows() ? ".exe" : string.Empty));
        var start = new ProcessStartInfo(program, ["-explicit", "only", "-method", $"{typeof(SqliteProcessTests).FullName}.{nameof(Runner)}", "-noColor"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [StoreVariable] = StorePath, [SaysVariable] = says },
        };
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
