using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Stores;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.PostgreSql;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>The store that runners share, opened by each of them by where it is.</summary>
internal sealed class FleetStore : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-fleet-");
    private StoreHome? _home;

    private FleetStore()
    {
    }

    /// <summary>A SQLite file, or the address of a database.</summary>
    public string Location { get; private set; } = "";

    /// <summary>Where the key of a shared store is.</summary>
    public string KeyFolder => _folder.FullName;

    /// <summary>What they wait for each other in: a file, or a database on one of the servers.</summary>
    /// <param name="postgres">The server of a shared store; null for a file.</param>
    public static async Task<FleetStore> CreateAsync(SharedPostgres? postgres)
    {
        var store = new FleetStore();
        store.Location = Path.Combine(store._folder.FullName, "store.db");
        if (postgres is not null)
        {
            store._home = await StoreHome.CreateAsync(postgres);
            store.Location = store._home.AddressText();
        }

        return store;
    }

    /// <param name="location">A SQLite file, or an address.</param>
    /// <param name="keyFolder">Where the key of a shared store is.</param>
    /// <param name="time">The clock of time stamps.</param>
    /// <param name="create">Makes it.</param>
    public static async Task<ICredentialStore> OpenAsync(string location, string keyFolder, TimeProvider time, bool create = false)
    {
        if (!StoreAddress.IsAddress(location))
            return await SqliteCredentialStore.OpenAsync(location, new KeyFileProvider(), time, create, CancellationToken.None);
        var address = StoreAddress.Parse(location, mayHavePassword: true);
        // The server's clock corrects the given one, except while the store is filled.
        return await PostgreSqlCredentialStore.OpenAsync(
            StoreConnections.Create(address), new(address.ToString(), new KeyFileProvider(), keyFolder) { LeaseClockIsGiven = create }, time, create, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_home is not null)
            await _home.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
