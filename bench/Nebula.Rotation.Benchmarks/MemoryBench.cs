using System.Diagnostics;

namespace Nebula.Rotation.Benchmarks;

/// <summary>
/// What a thousand rotations take of memory: in a process of its own, that of a runner, since what other benches took would be in its peak.
/// </summary>
internal sealed class MemoryBench : Bench
{
    /// <summary>The argument of the process that is measured.</summary>
    public const string OneRun = "memory-once";

    private const int Servers = 4;
    private const int Credentials = 48;
    private const int Rotations = 1_000;

    /// <summary>After which the peak does not rise any more.</summary>
    private const int FewRotations = 150;

    private const int AtOnce = 8;

    /// <summary>
    /// What .NET lets a process allocate before it collects, in hexadecimal bytes: 16 MB. It takes half of the processor's cache, and a virtual machine may show one of hundreds of megabytes,
    /// where the peak would tell of nothing else.
    /// </summary>
    private const string Gen0Size = "0x1000000";

    public override string Name => "memory";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        var shops = new List<PostgresShop>();
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await PostgresShop.StartAsync(shops, Servers, cancellationToken);

            var names = new List<string>();
            await using (var store = await RotationBench.OpenStoreAsync(folder, "store"))
            {
                for (var number = 0; number < Credentials; number++)
                    names.Add(await RotationBench.AddAsync(shops[number % Servers], store, cancellationToken));
            }

            var run = await OwnProcess.AskAsync<Order, Run>(OneRun, new(folder.FullName, names, Rotations), cancellationToken, ("DOTNET_GCgen0size", Gen0Size));
            var asItIs = await OwnProcess.AskAsync<Order, Run>(OneRun, new(folder.FullName, names, FewRotations), cancellationToken);
            var warm = run.HeldKilobytes[run.HeldKilobytes.Count / 4];
            var isFlat = run.HeldKilobytes[^1] - warm < 8 * 1024;
            return
            [
                new(
                    $"Memory of {run.Rotations:N0} rotations, {AtOnce} at once", $"peak {run.PeakMegabytes} MB", $"{warm} KB held after a quarter, {run.HeldKilobytes[^1]} KB at the end", null,
                    "≤ 200 MB, flat", run.PeakMegabytes <= 200 && isFlat, $"working set of a process that does nothing else, collecting every 16 MB; {asItIs.PeakMegabytes} MB as .NET does it with this processor's cache. {run.AllocatedKilobytes / run.Rotations:N0} KB allocated a rotation"),
            ];
        }
        finally
        {
            foreach (var shop in shops)
                await shop.DisposeAsync();
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The process that is measured.</summary>
    public static async Task<int> RunOnceAsync()
    {
        var order = await OwnProcess.ReadOrderAsync<Order>();
        await using var store = await RotationBench.OpenStoreAsync(new(order.Folder), "store");
        await using var service = RotationBench.NewService(store);
        var held = new List<long>();
        var rotations = 0;
        for (; rotations < order.Rotations; rotations += order.Names.Count)
        {
            _ = await service.RotateManyAsync(FleetBench.Fleet(order.Names, AtOnce), new Silent(), CancellationToken.None);
            held.Add(GC.GetTotalMemory(forceFullCollection: true) / 1024);
        }

        OwnProcess.Answer(new Run(rotations, Process.GetCurrentProcess().PeakWorkingSet64 / (1 << 20), held, GC.GetTotalAllocatedBytes() / 1024));
        return 0;
    }

    private sealed record Order(string Folder, List<string> Names, int Rotations);

    private sealed record Run(int Rotations, long PeakMegabytes, List<long> HeldKilobytes, long AllocatedKilobytes);
}
