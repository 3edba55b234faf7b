using System.Diagnostics;
using System.Globalization;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Benchmarks;

/// <summary>Rotations a second over four servers, in parallel and one after the other.</summary>
internal sealed class FleetBench : Bench
{
    private const int Servers = 4;
    private const int PerRun = 48;

    public override string Name => "fleet";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        var shops = new List<PostgresShop>();
        var folder = Directory.CreateTempSubdirectory("nebula-bench-");
        try
        {
            await PostgresShop.StartAsync(shops, Servers, cancellationToken);

            await using var store = await RotationBench.OpenStoreAsync(folder, "store");
            await using var service = RotationBench.NewService(store);
            var names = new List<string>();
            for (var number = 0; number < PerRun; number++)
                names.Add(await RotationBench.AddAsync(shops[number % Servers], store, cancellationToken));
            var figures = new List<Figure>();
            _ = await RunAsync(1);
            var (serial, _) = await RunAsync(1);
            foreach (var limit in new[] { 4, 8, 16 })
            {
                var (time, share) = await RunAsync(limit);
                var ratio = serial / time;
                // Processors that are all at work for this are all that there are: beyond that the machine is the limit, not the order of work. What others take does not count.
                var isMachine = share.Servers + share.Own > 0.85;
                figures.Add(new(
                    $"Fleet: {PerRun} rotations over {Servers} servers, {limit} at once",
                    string.Create(CultureInfo.InvariantCulture, $"{PerRun / time.TotalSeconds:0.0} a second"),
                    string.Create(CultureInfo.InvariantCulture, $"{PerRun / serial.TotalSeconds:0.0} one at a time"),
                    ratio,
                    limit == 8 ? "≥ 3, or the machine is the limit" : "",
                    limit == 8 ? ratio >= 3 || isMachine : null,
                    string.Create(CultureInfo.InvariantCulture, $"of {Environment.ProcessorCount} processors: servers {share.Servers:P0}, this process {share.Own:P0}, all {share.Total:P0}")));
            }

            return figures;

            async Task<(TimeSpan Time, (double Servers, double Own, double Total) Share)> RunAsync(int limit)
            {
                var before = Read(shops);
                var time = await TimeAsync(async () => _ = await service.RotateManyAsync(Fleet(names, limit), new Silent(), cancellationToken));
                var after = Read(shops);
                var all = time * Environment.ProcessorCount;
                return (time, ((after.Servers - before.Servers) / all, (after.Own - before.Own) / all, (after.Total - before.Total) / all));
            }
        }
        finally
        {
            foreach (var shop in shops)
                await shop.DisposeAsync();
            folder.Delete(recursive: true);
        }
    }

    internal static FleetRequest Fleet(IEnumerable<string> names, int limit) => new()
    {
        Members = [.. names.Select(name => new FleetMember { Request = new() { Name = name, GracePeriod = TimeSpan.Zero } })],
        ThrottleLimit = limit,
    };

    /// <summary>Processor time so far: of the servers with their backends, of this process, of everything on the machine.</summary>
    private static (TimeSpan Servers, TimeSpan Own, TimeSpan Total) Read(List<PostgresShop> shops)
    {
        if (!File.Exists("/proc/stat"))
            return (TimeSpan.Zero, Process.GetCurrentProcess().TotalProcessorTime, TimeSpan.Zero);
        var line = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var busy = line[1..].Select((text, index) => (Ticks: long.Parse(text, CultureInfo.InvariantCulture), index)).Where(field => field.index is not (3 or 4 or 8 or 9)).Sum(field => field.Ticks);
        return (Ticks(shops.Sum(shop => Children(shop.Server.ProcessId))), Process.GetCurrentProcess().TotalProcessorTime, Ticks(busy));
    }

    // utime, stime and those of children that have ended, fields 14 to 17 of /proc/[pid]/stat: a session's process ends with it.
    private static long Children(int processId) =>
        File.ReadAllText($"/proc/{processId}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[11..15].Sum(text => long.Parse(text, CultureInfo.InvariantCulture));

    private static TimeSpan Ticks(long ticks) => TimeSpan.FromMilliseconds(ticks * 10);
}
