namespace Nebula.Rotation.Benchmarks;

/// <summary>Runs the benches that are named, or all, prints one table and writes it to bench/results.md when all have run.</summary>
internal static class Program
{
    private static readonly Bench[] All = [new CloneBench(), new SnapshotBench(), new GrantsBench(), new RotationBench(), new FleetBench(), new TrafficBench(), new OpenBench(), new StoreBench(), new ImportBench()];

    private static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["record"]:
                return await RotationBench.RecordAsync();
            case [CloneBench.OneClone]:
                return await CloneBench.RunOneCloneAsync();
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        var unknown = arguments.Except(All.Select(bench => bench.Name)).ToList();
        if (unknown.Count > 0)
        {
            Console.Error.WriteLine($"No bench is called {string.Join(", ", unknown)}. There are: {string.Join(", ", All.Select(bench => bench.Name))}; 'record' renews bench/floors.");
            return 64;
        }

        var figures = new List<Figure>();
        foreach (var bench in All.Where(bench => arguments.Length == 0 || arguments.Contains(bench.Name)))
        {
            Console.WriteLine($"== {bench.Name}");
            foreach (var figure in await bench.RunAsync(stop.Token))
            {
                figures.Add(figure);
                Console.WriteLine(Report.Line(figure));
            }
        }

        if (arguments.Length == 0)
            await Report.WriteAsync(figures);
        Console.WriteLine(Report.Close(figures));
        return 0;
    }
}
