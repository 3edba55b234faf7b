using System.Data.Common;
using Nebula.Rotation.Pooling;
using Nebula.Rotation.Pooling.Sources;
using Npgsql;

namespace Nebula.Rotation.Benchmarks;

/// <summary>What a connection costs through a pool that follows a login, over the provider's own pool.</summary>
internal sealed class OpenBench : Bench
{
    private const int Rounds = 30;
    private const int PerRound = 2_000;

    public override string Name => "open";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        await using var shop = await PostgresShop.StartAsync(cancellationToken);
        await using var own = Open(shop);
        await using var following = await RotatingDataSource.StartAsync(
            new CallbackLoginSource(_ => ValueTask.FromResult(new PoolLogin(shop.Admin))), _ => Open(shop), new() { PollInterval = TimeSpan.FromMinutes(10), MaxBackOff = TimeSpan.FromMinutes(10) }, cancellationToken);
        var (through, provider) = await PairAsync(Rounds, () => UseAsync(following), () => UseAsync(own));
        // What an application does with a connection is ask the server something.
        return [Ratio($"Pooling: {PerRound:N0} times open, ask, close", through, provider, "by the provider's own data source", 1.02, "one connection in turn; the server answers SELECT 1")];
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

    private static NpgsqlDataSource Open(PostgresShop shop) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(shop.Server.ConnectionString()) { Pooling = true });
}
