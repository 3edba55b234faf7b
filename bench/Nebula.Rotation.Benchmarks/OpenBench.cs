using System.Data.Common;
using Nebula.Rotation.Pooling;
using Nebula.Rotation.Pooling.Sources;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>
/// What a connection costs through a pool that follows a login, over the provider's own pool. Both pools are made anew for each round, by several processes: which server
/// process answers whom, and how the code of a process comes to lie in memory, makes more of a difference than what is measured, and stays as it is.
/// </summary>
internal sealed class OpenBench : Bench
{
    /// <summary>The argument of a process that measures.</summary>
    public const string OneProcess = "open-once";

    private const int Processes = 5;
    private const int Rounds = 20;
    private const int PerRound = 1_000;

    public override string Name => "open";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        await using var shop = await PostgresShop.StartAsync(cancellationToken);
        var times = new List<Times>();
        for (var process = 0; process < Processes; process++)
            times.AddRange(await OwnProcess.AskAsync<string, List<Times>>(OneProcess, shop.Server.ConnectionString(), cancellationToken));
        var ratios = times.Select(time => time.Through / time.Provider).Order().ToList();
        // What an application does with a connection is ask the server something.
        return
        [
            Ratio(
                $"Pooling: {PerRound:N0} times open, ask, close", Median(times.Select(time => time.Through)), Median(times.Select(time => time.Provider)), "by the provider's own data source", 1.02,
                FormattableString.Invariant($"the server answers SELECT 1; {times.Count} rounds in {Processes} processes, half of them {ratios[ratios.Count / 4]:0.00} to {ratios[ratios.Count * 3 / 4]:0.00}")),
        ];
    }

    /// <summary>The process that measures.</summary>
    public static async Task<int> RunOnceAsync()
    {
        var server = await OwnProcess.ReadOrderAsync<string>();
        var times = new List<Times>();
        for (var round = 0; round <= Rounds; round++)
        {
            await using var own = Open(server);
            await using var following = await RotatingDataSource.StartAsync(
                new CallbackLoginSource(_ => ValueTask.FromResult(new PoolLogin(new("anybody", new("nothing"))))), _ => Open(server), new() { PollInterval = TimeSpan.FromMinutes(10), MaxBackOff = TimeSpan.FromMinutes(10) });
            await UseAsync(own, PerRound / 10);
            await UseAsync(following, PerRound / 10);
            // In turn the first: what the one leaves behind meets the other.
            var isFirst = round % 2 == 0;
            var first = await TimeAsync(() => UseAsync(isFirst ? following : own, PerRound));
            var second = await TimeAsync(() => UseAsync(isFirst ? own : following, PerRound));
            if (round > 0)
                times.Add(isFirst ? new(first, second) : new(second, first));
        }

        OwnProcess.Answer(times);
        return 0;
    }

    private static async Task UseAsync(DbDataSource source, int times)
    {
        for (var number = 0; number < times; number++)
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT 1";
            _ = await command.ExecuteScalarAsync();
        }
    }

    private static NpgsqlDataSource Open(string server) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server) { Pooling = true });

    private sealed record Times(TimeSpan Through, TimeSpan Provider);
}
