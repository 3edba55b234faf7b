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
            var empty = Path.Combine(folder.FullName, "Empty.psm1");
            await File.WriteAllTextAsync(empty, "", cancellationToken);
            var module = Path.Combine(Repository.Root, "out", "Nebula.Rotation", "Nebula.Rotation.psd1");
            var store = Path.Combine(folder.FullName, "store.db");
            // The time is taken inside of the session: a host's own start is not the module's.
            var script = Path.Combine(folder.FullName, "import.ps1");
            await File.WriteAllTextAsync(
                script,
                """
                param([string] $Module, [string] $Store)
                $clock = [Diagnostics.Stopwatch]::StartNew()
                Import-Module $Module
                $imported = $clock.Elapsed.TotalMilliseconds
                $first = 0
                if ($Store) {
                    $clock.Restart()
                    try { $null = Get-NebulaDbCredential -Store $Store } catch { throw }
                    $first = $clock.Elapsed.TotalMilliseconds
                }
                "$imported $first"
                """,
                cancellationToken);
            await using (await RotationBench.OpenStoreAsync(folder, "store"))
            {
                // An empty store, with its key.
            }

            var (imports, empties, firsts) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round <= Rounds; round++)
            {
                var ours = await RunAsync(script, module, store);
                var none = await RunAsync(script, empty, "");
                if (round == 0)
                    continue;
                imports.Add(ours.Import);
                firsts.Add(ours.First);
                empties.Add(none.Import);
            }

            var (import, baseline, first) = (Middle(imports), Middle(empties), Middle(firsts));
            return
            [
                new("Module: import", $"{import:0} ms", $"{baseline:0} ms an empty script module", null, "≤ 50 ms over it", import - baseline <= 50),
                new("Module: first store cmdlet", $"{first:0} ms", "", null, "≤ 150 ms", first <= 150),
            ];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(double Import, double First)> RunAsync(string script, string module, string store)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "out", "tools", "pwsh-host", "pwsh-host"))
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
        var parts = output.Trim().Split(' ');
        return process.ExitCode == 0 && parts.Length == 2
            ? (double.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), double.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"The script host ended with {process.ExitCode}: {await error} {output}");
    }

    private static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
