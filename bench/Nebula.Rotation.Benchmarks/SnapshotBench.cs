using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Benchmarks;

/// <summary>Reading a login must cost what the login has, not what the catalog has.</summary>
internal sealed class SnapshotBench : Bench
{
    private const int Few = 100;
    private const int Many = 50_000;

    public override string Name => "snapshot";

    public override async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        // A server each: a reading visits every database of its server.
        await using var few = await PostgresShop.StartAsync(cancellationToken);
        await using var many = await PostgresShop.StartAsync(cancellationToken);
        var (small, inSmall) = await PrepareAsync(few, Few, cancellationToken);
        var (large, inLarge) = await PrepareAsync(many, Many, cancellationToken);
        await using var one = small;
        await using var other = large;
        var (atLarge, atSmall) = await PairAsync(
            15, () => large.ReadSnapshotAsync(inLarge, cancellationToken), () => small.ReadSnapshotAsync(inSmall, cancellationToken));
        return [Ratio("PostgreSQL: snapshot of 100 grants among 50,000 tables", atLarge, atSmall, "among 100 tables", 1.5)];
    }

    private static async Task<(IAdminConnection Admin, string Login)> PrepareAsync(PostgresShop shop, int tables, CancellationToken cancellationToken)
    {
        await shop.MakeTablesAsync(0, tables);
        var login = await shop.NewGrantedLoginAsync(Few);
        await shop.Server.ExecuteAsync("VACUUM ANALYZE", ct: cancellationToken);
        return (await shop.Engine.ConnectAdminAsync(shop.Credential(login), shop.Admin, cancellationToken), login);
    }
}
