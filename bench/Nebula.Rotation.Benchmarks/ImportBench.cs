using System.Diagnostics;

namespace Nebula.Rotation.Benchmarks;

/// <summary>What a session pays for the module: importing it, and its first cmdlet, over importing an empty script module in the same host.</summary>
internal sealed class ImportBench : Bench
{
    private const int Rounds = 9;

    public override string Name => "import";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            var host = await BuildHostAsync(cancellationToken);
            var empty = Path.Combine(folder.FullName, "Empty.psm1");
            await File.WriteAllTextAsync(empty, "", cancellationToken);
            // What any module pays that has a manifest and a view: PowerShell reads all its own views again then. Ours are imported by the first command.
            var view = Path.Combine(folder.FullName, "View.psd1");
            await File.WriteAllTextAsync(view, "@{ RootModule = 'Empty.psm1'; ModuleVersion = '1.0'; FormatsToProcess = @('View.Format.ps1xml') }", cancellationToken);
            await File.WriteAllTextAsync(
                Path.Combine(folder.FullName, "View.Format.ps1xml"),
                """
                <Configuration><ViewDefinitions><View><Name>v</Name><ViewSelectedBy><TypeName>Nobody</TypeName></ViewSelectedBy>
                <ListControl><ListEntries><ListEntry><ListItems><ListItem><PropertyName>Name</PropertyName></ListItem></ListItems></ListEntry></ListEntries></ListControl></View></ViewDefinitions></Configuration>
                """,
                cancellationToken);
            var module = Path.Combine(Repository.Root, "out", "Nebula.Rotation", "Nebula.Rotation.psd1");
            var store = Path.Combine(folder.FullName, "store.db");
            // The time is taken inside of the session: a host's own start is not the module's.
            var script = Path.Combine(folder.FullName, "import.ps1");
            await File.WriteAllTextAsync(
                script,
                """
                param([string] $Module, [string] $Store)
                $process = [Diagnostics.Process]::GetCurrentProcess()
                $before = $process.TotalProcessorTime
                $clock = [Diagnostics.Stopwatch]::StartNew()
                Import-Module $Module
                $imported = $clock.Elapsed.TotalMilliseconds
                $process.Refresh()
                $importing = ($process.TotalProcessorTime - $before).TotalMilliseconds
                $first = $working = 0
                if ($Store) {
                    $process.Refresh()
                    $before = $process.TotalProcessorTime
                    $clock.Restart()
                    try { $null = Get-NebulaDbCredential -Store $Store } catch { throw }
                    $first = $clock.Elapsed.TotalMilliseconds
                    $process.Refresh()
                    $working = ($process.TotalProcessorTime - $before).TotalMilliseconds
                }
                "$imported $first $importing $working"
                """,
                cancellationToken);
            await using (await RotationBench.OpenStoreAsync(folder, "store"))
            {
                // An empty store, with its key.
            }

            var (ours, none, viewed) = (new List<Session>(), new List<Session>(), new List<Session>());
            for (var round = 0; round <= Rounds; round++)
            {
                var measured = (await RunAsync(host, script, module, store), await RunAsync(host, script, empty, ""), await RunAsync(host, script, view, ""));
                if (round == 0)
                    continue;
                ours.Add(measured.Item1);
                none.Add(measured.Item2);
                viewed.Add(measured.Item3);
            }

            var (import, baseline, first) = (Middle(ours, s => s.Import), Middle(none, s => s.Import), Middle(ours, s => s.First));
            return
            [
                new(
                    "Module: import", $"{import:0} ms", $"{baseline:0} ms an empty script module", null, "≤ 50 ms over it", import - baseline <= 50,
                    $"{import - baseline:0} ms over it; of one with a manifest and one view {Middle(viewed, s => s.Import):0} ms. Processor time: "
                    + $"{Middle(ours, s => s.ImportWork):0} ms, {Middle(none, s => s.ImportWork):0} ms empty, {Middle(viewed, s => s.ImportWork):0} ms with manifest and view"),
                new("Module: first store cmdlet", $"{first:0} ms", "", null, "≤ 150 ms", first <= 150, $"processor time {Middle(ours, s => s.FirstWork):0} ms: engine, store, key and SQLite are loaded and compiled then, and the views are imported"),
            ];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The script host, compiled ahead as PowerShell itself is: else it would be PowerShell's compilation that is measured.</summary>
    private static async Task<string> BuildHostAsync(CancellationToken cancellationToken)
    {
        var output = Path.Combine(Repository.Root, "out", "tools", "pwsh-host-ahead");
        var host = Path.Combine(output, OperatingSystem.IsWindows() ? "pwsh-host.exe" : "pwsh-host");
        if (File.Exists(host))
            return host;
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Repository.Root,
            ArgumentList =
            {
                "publish", Path.Combine(Repository.Root, "eng", "pwsh-host", "pwsh-host.csproj"), "-c", "Release", "-o", output, "--nologo", "-v", "quiet",
                // A lock file of its own: that of the project knows no platform.
                "--use-current-runtime", "--self-contained", "false", "-p:PublishReadyToRun=true", $"-p:NuGetLockFilePath={Path.Combine(output, "packages.lock.json")}", "-p:RestoreLockedMode=false",
            },
        };
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? host : throw new InvalidOperationException($"The script host cannot be compiled ahead: {said}");
    }

    private static async Task<Session> RunAsync(string host, string script, string module, string store)
    {
        var start = new ProcessStartInfo(host)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in new[] { "-NoProfile", "-File", script, module, store })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0 || output.Trim().Split(' ') is not { Length: 4 } parts)
            throw new InvalidOperationException($"The script host ended with {process.ExitCode}: {await error} {output}");
        var numbers = parts.Select(part => double.Parse(part, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        return new(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    private static double Middle(List<Session> sessions, Func<Session, double> value) => sessions.Select(value).Order().ElementAt(sessions.Count / 2);

    /// <summary>One process: how long it took, and of how much processor time, in milliseconds.</summary>
    private sealed record Session(double Import, double First, double ImportWork, double FirstWork);
}
