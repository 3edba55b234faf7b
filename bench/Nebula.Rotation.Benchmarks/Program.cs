namespace Nebula.Rotation.Benchmarks;

/// <summary>Runs the benches that are named, or all, prints one table and writes it to bench/results.md when all have run.</summary>
internal static class Program
{
    private static readonly Bench[] All =
    [
        new ImportBench(), new StoreBench(), new RotationBench(), new OpenBench(), new TrafficBench(), new GrantsBench(), new FleetBench(), new MemoryBench(), new SnapshotBench(), new CloneBench(),
    ];

    /// <summary>A bench that breaks is a line of the table, and the others run.</summary>
    private static async Task<IReadOnlyList<Figure>> RunAsync(Bench bench, CancellationToken stop)
    {
        try
        {
            return await bench.RunAsync(stop);
        }
#pragma warning disable CA1031 // Whatever it is, it is told.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Console.Error.WriteLine(exception);
            return [new(bench.Name, "did not end", "", null, "", false, exception.Message.ReplaceLineEndings(" ")) { IsBroken = true }];
        }
    }

    private static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["record"]:
                return await RotationBench.RecordAsync();
            case [CloneBench.OneClone]:
                return await CloneBench.RunOneCloneAsync();
            case [OpenBench.OneProcess]:
                return await OpenBench.RunOnceAsync();
            case [MemoryBench.OneRun]:
                return await MemoryBench.RunOnceAsync();
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
            foreach (var figure in await RunAsync(bench, stop.Token))
            {
                figures.Add(figure);
                Console.WriteLine(Report.Line(figure));
            }

            // As far as it is: a run takes long, and what is measured is measured.
            if (arguments.Length == 0)
                await Report.WriteAsync(figures);
        }

        Console.WriteLine(Report.Close(figures));
        return figures.Any(figure => figure.IsBroken) ? 1 : 0;
    }
}
