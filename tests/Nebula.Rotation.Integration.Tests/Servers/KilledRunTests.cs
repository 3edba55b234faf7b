using System.Diagnostics;
using System.Globalization;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>A run that is killed leaves no server and no data.</summary>
public abstract class KilledRunTests(SharedPostgres postgres) : IDisposable
{
    public sealed class OnDistribution(SharedPostgres postgres) : KilledRunTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : KilledRunTests(postgres);

    // Under /tmp: the server's own account must be able to enter it.
    private readonly DirectoryInfo _temp = OperatingSystem.IsWindows()
        ? Directory.CreateTempSubdirectory()
        : Directory.CreateDirectory($"/tmp/nebula-killed-{Guid.NewGuid():N}", (UnixFileMode)0b111_101_101);

    [Fact]
    public async Task A_server_dies_with_a_run_that_is_killed()
    {
        await RequireOwnServersAsync();
        using var holder = ServerHolder.Start(_temp.FullName, postgres.Release);
        var line = await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        var (id, data) = line?.Split(' ', 2) is [var number, var folder]
            ? (int.Parse(number, CultureInfo.InvariantCulture), folder)
            : throw new InvalidOperationException($"The holder said '{line}'.");
        Assert.True(Directory.Exists($"/proc/{id}"));
        Assert.StartsWith(_temp.FullName, data, StringComparison.Ordinal);
        var processes = ChildrenOf(id).Append(id).ToList();
        Assert.False(FolderIsGone());
        Assert.True(processes.Count > 3, "the server should have its background processes");

        // The holder alone, not its children: what a run gets from `kill -9` or the kernel's out-of-memory killer.
        holder.Kill(entireProcessTree: false);
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(137, holder.ExitCode);

        await Eventually.HoldsAsync(() => processes.TrueForAll(process => !Directory.Exists($"/proc/{process}")), "the server's processes are gone");
        await Eventually.HoldsAsync(FolderIsGone, "its folder is gone");
    }

    [Fact]
    public async Task Nothing_is_left_of_a_run_that_is_killed_while_its_server_is_being_made()
    {
        await RequireOwnServersAsync();
        using var holder = ServerHolder.Start(_temp.FullName, postgres.Release);
        await Eventually.HoldsAsync(() => _temp.EnumerateFiles("PG_VERSION", SearchOption.AllDirectories).Any(), "initdb is at work");
        Assert.False(FolderIsGone());

        holder.Kill(entireProcessTree: false);
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);

        await Eventually.HoldsAsync(FolderIsGone, "its folder is gone");
    }

    [Fact]
    public async Task A_server_that_nobody_disposed_dies_with_a_run_that_ends()
    {
        await RequireOwnServersAsync();
        using var holder = ServerHolder.Start(_temp.FullName, postgres.Release);
        var line = await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(line);

        holder.StandardInput.Close();
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, holder.ExitCode);

        await Eventually.HoldsAsync(() => !Directory.Exists("/proc/" + line.Split(' ')[0]), "the server is gone");
        await Eventually.HoldsAsync(FolderIsGone, "its folder is gone");
    }

    public void Dispose()
    {
        _temp.Refresh();
        if (_temp.Exists)
            _temp.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    // The runtime leaves sockets of its own there when it is killed; folders are the servers'.
    private bool FolderIsGone() => !_temp.EnumerateDirectories().Any();

    // A server that cannot be had skips these too; one that was given is no reason not to try our own.
    private async Task RequireOwnServersAsync() => _ = await postgres.ServerAsync();

    private static IEnumerable<int> ChildrenOf(int id) =>
        Process.GetProcesses()
            .Select(process => process.Id)
            .Where(child => File.Exists($"/proc/{child}/stat") && ParentOf(child) == id);

    private static int ParentOf(int id)
    {
        try
        {
            // proc(5): "pid (name) state ppid"; the name may hold spaces and parentheses.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
