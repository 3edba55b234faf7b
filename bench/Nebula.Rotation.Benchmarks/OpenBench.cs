using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using Nebula.Rotation.Pooling;
using Nebula.Rotation.Pooling.Sources;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>
/// What a connection costs through a pool that follows a login, over the provider's own pool. In several processes, of which the middle one counts: how the code of
/// one process comes to lie in memory makes more of a difference than what is measured, and it stays for as long as the process lives.
/// </summary>
internal sealed class OpenBench : Bench
{
    /// <summary>The argument of a process that measures.</summary>
    public const string OneProcess = "open-once";

    private const int Processes = 9;
    private const int Rounds = 12;
    private const int PerRound = 2_000;

    public override string Name => "open";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        await using var shop = await PostgresShop.StartAsync(cancellationToken);
        var times = new List<Times>();
        for (var process = 0; process < Processes; process++)
            times.Add(await MeasureAsync(shop.Server.ConnectionString(), cancellationToken));
        times.Sort((one, other) => one.Ratio.CompareTo(other.Ratio));
        var middle = times[Processes / 2];
        // What an application does with a connection is ask the server something.
        return
        [
            Ratio(
                $"Pooling: {PerRound:N0} times open, ask, close", middle.Through, middle.Provider, "by the provider's own data source", 1.02,
                FormattableString.Invariant($"the server answers SELECT 1; the middle one of {Processes} processes, which had {times[0].Ratio:0.00} to {times[^1].Ratio:0.00}")),
        ];
    }

    /// <summary>The process that <see cref="MeasureAsync"/> starts; what it needs comes over its input.</summary>
    public static async Task<int> RunOnceAsync()
    {
        var server = (await Console.In.ReadLineAsync())!;
        await using var own = Open(server);
        await using var following = await RotatingDataSource.StartAsync(
            new CallbackLoginSource(_ => ValueTask.FromResult(new PoolLogin(new("anybody", new("nothing"))))), _ => Open(server), new() { PollInterval = TimeSpan.FromMinutes(10), MaxBackOff = TimeSpan.FromMinutes(10) });
        var (through, provider) = await PairAsync(Rounds, () => UseAsync(following), () => UseAsync(own));
        Console.Write(JsonSerializer.Serialize(new Times(through, provider)));
        return 0;
    }

    private static async Task<Times> MeasureAsync(string server, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [OneProcess]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteLineAsync(server);
        process.StandardInput.Close();
        var answer = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return JsonSerializer.Deserialize<Times>(answer)!;
    }

    private static async Task UseAsync(DbDataSource source)
    {
        for (var number = 0; number < PerRound; number++)
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT 1";
            _ = await command.ExecuteScalarAsync();
        }
    }

    private static NpgsqlDataSource Open(string server) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server) { Pooling = true });

    private sealed record Times(TimeSpan Through, TimeSpan Provider)
    {
        public double Ratio => Through / Provider;
    }
}
