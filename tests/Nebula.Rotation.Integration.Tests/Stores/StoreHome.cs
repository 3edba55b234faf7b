using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.PostgreSql;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>A database for a shared store, a login for its runners that may no more than it needs, and a runner's key folder.</summary>
public sealed class StoreHome : IAsyncDisposable
{
    private const string Password = "store-Login.1";

    private readonly DirectoryInfo _keys = Directory.CreateTempSubdirectory("nebula-keys-");

    private StoreHome(TestDatabase database, string login)
    {
        Database = database;
        Login = login;
    }

    public TestDatabase Database { get; }

    public string Login { get; }

    public string KeyFolder => _keys.FullName;

    public static async Task<StoreHome> CreateAsync(SharedPostgres postgres) => await CreateAsync(await postgres.NewDatabaseAsync());

    public static async Task<StoreHome> CreateAsync(TestDatabase database)
    {
        var login = await database.NewLoginAsync("runner", Password);
        await database.ExecuteAsync($"GRANT CREATE ON DATABASE \"{database.Name}\" TO \"{login}\"");
        return new StoreHome(database, login);
    }

    /// <summary>The address, as a user writes it.</summary>
    public StoreAddress Address(string? host = null, int? port = null) => StoreAddress.Parse(AddressText(host, port), mayHavePassword: true);

    /// <summary>The same with the password, as a runner finds it in its environment.</summary>
    public string AddressText(string? host = null, int? port = null) =>
        FormattableString.Invariant($"postgresql://{Login}:{Password}@{host ?? Database.Server.Host}:{port ?? Database.Server.Port}/{Database.Name}?sslmode=disable");

    public NpgsqlDataSource Connect(string? host = null, int? port = null) => (NpgsqlDataSource)StoreConnections.Create(Address(host, port));

    /// <summary>Opens the store as another runner would; leases go by the given clock, or else by the server's.</summary>
    internal Task<PostgreSqlCredentialStore> OpenAsync(TimeProvider? time = null, bool create = true, int? port = null, StoreKeyProvider? keys = null, string? keyFolder = null) =>
        PostgreSqlCredentialStore.OpenAsync(
            Connect(port: port),
            new(Address(port: port).ToString(), keys ?? new KeyFileProvider(), keyFolder ?? KeyFolder) { LeaseClockIsGiven = time is not null },
            time ?? TimeProvider.System,
            create,
            TestContext.Current.CancellationToken);

    /// <summary>Runs a statement behind the store's back.</summary>
    public Task MeddleAsync(string sql) => Database.ExecuteAsync(sql);

    /// <summary>Asks behind the store's back.</summary>
    public async Task<IReadOnlyList<string>> AskAsync(string sql)
    {
        await using var connection = await Database.OpenAsync();
#pragma warning disable CA2100 // The test's own text.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        List<string> rows = [];
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            rows.Add(reader.GetValue(0).ToString()!);
        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _keys.Delete(recursive: true);
    }
}
