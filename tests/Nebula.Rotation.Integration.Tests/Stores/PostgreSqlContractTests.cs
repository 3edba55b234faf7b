using Nebula.Rotation.Engine.Tests.Stores;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>The shared store keeps the contract that the SQLite store keeps: the same tests, on real servers, and through a pooler in transaction mode.</summary>
public abstract class PostgreSqlContractTests(SharedPostgres postgres, PostgreSqlContractTests.Home home) : RotationStoreContract
{
    private StoreHome? _store;

    public override async ValueTask InitializeAsync()
    {
        _store = await home.GetAsync(postgres);
        await _store.MeddleAsync("DROP SCHEMA IF EXISTS nebula CASCADE");
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (Store is not null)
            await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override async Task<ICredentialStore> OpenAsync() => await _store!.OpenAsync(Time, port: await PortAsync(_store));

    protected virtual Task<int> PortAsync(StoreHome store) => Task.FromResult(store.Database.Server.Port);

    public sealed class OnTheDistributions(SharedPostgres postgres, Home home) : PostgreSqlContractTests(postgres, home), IClassFixture<Home>;

    public sealed class On18(SharedPostgres18 postgres, Home home) : PostgreSqlContractTests(postgres, home), IClassFixture<Home>;

    public sealed class ThroughPgBouncer(SharedPostgres postgres, Home home, Bouncer bouncer) : PostgreSqlContractTests(postgres, home), IClassFixture<Home>, IClassFixture<Bouncer>
    {
        protected override async Task<int> PortAsync(StoreHome store) => (await bouncer.GetAsync(store)).Port;
    }

    /// <summary>One database for a class; each test begins without a store in it.</summary>
    public sealed class Home : IAsyncDisposable
    {
        private Task<StoreHome>? _home;

        public Task<StoreHome> GetAsync(SharedPostgres postgres) => _home ??= StoreHome.CreateAsync(postgres);

        public async ValueTask DisposeAsync()
        {
            if (_home is { IsCompletedSuccessfully: true })
                await (await _home).DisposeAsync();
        }
    }

    /// <summary>A PgBouncer in transaction mode with two server connections: transactions of several clients do share them.</summary>
    public sealed class Bouncer : IAsyncDisposable
    {
        private Task<PgBouncerServer>? _bouncer;

        public Task<PgBouncerServer> GetAsync(StoreHome home) => _bouncer ??= StartAsync(home);

        public async ValueTask DisposeAsync()
        {
            if (_bouncer is { IsCompletedSuccessfully: true })
                await (await _bouncer).DisposeAsync();
        }

        private static async Task<PgBouncerServer> StartAsync(StoreHome home)
        {
            var options = new PgBouncerServerOptions(home.Database.Server) { Settings = new Dictionary<string, string> { ["default_pool_size"] = "2" } };
            var bouncer = await ServerRequirement.OrSkip(() => PgBouncerServer.StartAsync(options, CancellationToken.None), Assert.Skip);
            await bouncer.AllowLookupAsync(home.Database.Name, CancellationToken.None);
            await bouncer.ReloadAsync(CancellationToken.None);
            return bouncer;
        }
    }
}
