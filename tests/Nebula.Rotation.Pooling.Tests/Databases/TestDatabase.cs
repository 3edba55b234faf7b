using System.Data.Common;

namespace Nebula.Rotation.Pooling.Tests.Databases;

/// <summary>One server for all tests of this assembly, started when the first of them asks for it, and what tests need to know of its SQL.</summary>
public abstract class TestDatabase : IAsyncLifetime
{
    /// <summary>The database that has the table orders.</summary>
    protected const string Name = "shop";

    private readonly SemaphoreSlim _starting = new(1);
    private bool _isStarted;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public abstract ValueTask DisposeAsync();

    /// <summary>A login that may work with the table.</summary>
    public async Task<PoolLogin> NewLoginAsync()
    {
        await EnsureStartedAsync();
        var login = new Login($"app_{Guid.NewGuid():N}"[..16], new Secret($"secret-{Guid.NewGuid():N}"));
        await MakeLoginAsync(login);
        return new PoolLogin(login);
    }

    /// <summary>A store of its own with the credential in it, rotated by the engine. The folder is the caller's to remove.</summary>
    internal async Task<(IRotationService Service, string Path)> NewStoreAsync(string name)
    {
        var login = (await NewLoginAsync()).Login;
        var path = Path.Combine(Directory.CreateTempSubdirectory("nebula-pooling-").FullName, "store.db");
        var service = await RotationServices.OpenAsync(new RotationServiceOptions { Store = path, CreateIfMissing = true }, Cancellation);
        await service.AddAsync(Describe(name, login), Cancellation);
        return (service, path);
    }

    /// <summary>What a store is to know of such a login.</summary>
    public NewCredential Describe(string name, Login login) => new()
    {
        Credential = new DatabaseCredential
        {
            Name = name,
            DatabaseType = Type,
            HostName = [Host],
            Port = Port,
            Database = Name,
            Username = login.Username,
        },
        Login = login,
        Admin = Admin,
    };

    /// <summary>The provider's data source.</summary>
    public abstract DbDataSource Open(PoolLogin login);

    /// <summary>The provider's own type of a connection.</summary>
    public abstract Type ConnectionType { get; }

    /// <summary>Gives who asks.</summary>
    public abstract string WhoAmI { get; }

    /// <summary>Gives the number of the session that asks.</summary>
    public abstract string SessionId { get; }

    /// <summary>How many sessions a login has, as the server says.</summary>
    public abstract Task<long> CountSessionsAsync(string username);

    /// <summary>Ends a session from outside.</summary>
    public abstract Task EndSessionAsync(string id);

    protected abstract DatabaseType Type { get; }

    protected abstract string Host { get; }

    protected abstract int Port { get; }

    protected abstract Login Admin { get; }

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task StartAsync();

    protected abstract Task MakeLoginAsync(Login login);

    protected static async Task<object?> ScalarAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A test's own text.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Cancellation);
    }

    private async Task EnsureStartedAsync()
    {
        await _starting.WaitAsync(Cancellation);
        try
        {
            if (!_isStarted)
                await StartAsync();
            _isStarted = true;
        }
        finally
        {
            _starting.Release();
        }
    }
}
