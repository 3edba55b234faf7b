using System.Globalization;
using System.Security.Cryptography;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.MySql;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>Credentials on four servers of three kinds, in one store.</summary>
internal sealed class FleetScene : IAsyncDisposable
{
    private const string Password = "first-Password.1";

    private readonly List<TestDatabase> _databases = [];
    private MySqlServer? _mariaDb;
    private RedisServer? _redis;
    private string _mariaDatabase = "";

    public ICredentialStore Store { get; private set; } = null!;

    public RotationService Service { get; private set; } = null!;

    public FleetStore Home { get; private set; } = null!;

    /// <summary>How many credentials a test has: 40, or what the environment says.</summary>
    public static int Size(int otherwise = 40) =>
        int.TryParse(Environment.GetEnvironmentVariable("NEBULA_FLEET_SIZE"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : otherwise;

    /// <param name="postgres">A server.</param>
    /// <param name="postgres18">A server.</param>
    /// <param name="mariaDb">A server.</param>
    /// <param name="redis">A server.</param>
    /// <param name="size">How many credentials.</param>
    /// <param name="isShared">True for a store in a database, false for one in a file.</param>
    public static async Task<FleetScene> CreateAsync(SharedPostgres postgres, SharedPostgres18 postgres18, SharedMariaDb mariaDb, SharedRedis redis, int size, bool isShared = false)
    {
        var scene = new FleetScene { Home = await FleetStore.CreateAsync(isShared ? postgres : null) };
        await scene.OpenAsync(new FleetTime(), create: true);
        foreach (var server in new[] { postgres, postgres18 })
        {
            var database = await server.NewDatabaseAsync("fleet");
            scene._databases.Add(database);
            await database.ExecuteAsync("CREATE TABLE public.shared (id integer)");
        }

        (scene._mariaDb, scene._redis) = (await mariaDb.ServerAsync(), await redis.ServerAsync());
        scene._mariaDatabase = $"fleet_{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
        await scene._mariaDb.ExecuteAsync($"CREATE DATABASE {scene._mariaDatabase}; CREATE TABLE {scene._mariaDatabase}.shared (id int)", ct: Scene.Ct);
        for (var number = 0; number < size; number++)
            await scene.AddAsync(number);
        await scene.Service.DisposeAsync();
        await scene.OpenAsync(TimeProvider.System);
        return scene;
    }

    private async Task OpenAsync(TimeProvider time, bool create = false)
    {
        Store = await FleetStore.OpenAsync(Home.Location, Home.KeyFolder, time, create);
        Service = Scene.NewService(Store);
    }

    /// <summary>Asks for all of them.</summary>
    public async Task<FleetRequest> RequestAsync(int throttleLimit) => new()
    {
        Members = [.. (await Store.ListAsync(new(), Scene.Ct)).Select(credential => new FleetMember { Request = new() { Name = credential.Name, GracePeriod = TimeSpan.Zero } })],
        ThrottleLimit = throttleLimit,
    };

    /// <summary>Each was rotated so often, nothing is open, its live login opens the server, and of its logins no other is there.</summary>
    public async Task AssertRotatedAsync(int times)
    {
        var records = (await Store.ListRotationsAsync(new(), Scene.Ct)).ToLookup(record => record.CredentialId);
        foreach (var credential in await Store.ListAsync(new(), Scene.Ct))
        {
            var states = records[credential.Id].Select(record => record.State).ToList();
            Assert.True(times == states.Count(state => state == RotationState.Completed), $"{credential.Name}: {string.Join(", ", states)}");
            Assert.DoesNotContain(states, state => state is not (RotationState.Completed or RotationState.RolledBack));
            Assert.All(await Service.TestAsync(credential.Name, credential.Scope, null, Scene.Ct), test => Assert.True(test.Succeeded, $"{credential.Name}: {test.Message}"));
            var gone = records[credential.Id].SelectMany(record => new[] { record.OldUsername, record.NewUsername }).Where(name => name != credential.Username).Distinct();
            foreach (var name in gone)
                Assert.False(await IsThereAsync(credential, name), $"{credential.Name}: {name} is still there");
        }
    }

    public async ValueTask DisposeAsync()
    {
        var made = await Store.ListRotationsAsync(new(), CancellationToken.None);
        var names = made.SelectMany(record => new[] { record.OldUsername, record.NewUsername })
            .Concat((await Store.ListAsync(new(), CancellationToken.None)).Select(credential => credential.Username)).Distinct().ToList();
        foreach (var database in _databases)
        {
            names.ForEach(database.Adopt);
            await database.DisposeAsync();
        }

        if (_mariaDb is not null)
            await _mariaDb.ExecuteAsync($"DROP DATABASE {_mariaDatabase}; DROP USER IF EXISTS {string.Join(", ", names.Select(name => MySqlRoom.Account(name)))}");
        if (_redis is not null)
            await _redis.ExecuteAsync(["ACL", "DELUSER", .. names]);
        await Service.DisposeAsync();
        await Home.DisposeAsync();
    }

    private async Task AddAsync(int number)
    {
        var (login, admin) = ("", new Login("", new("")));
        DatabaseCredential credential;
        switch (number % 4)
        {
            case 2:
                login = $"fleet_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
                await _mariaDb!.ExecuteAsync($"CREATE USER {MySqlRoom.Account(login)} IDENTIFIED BY '{Password}'; GRANT SELECT ON {_mariaDatabase}.* TO {MySqlRoom.Account(login)}", ct: Scene.Ct);
                credential = MySqlRoom.CredentialFor(_mariaDb, _mariaDatabase, login);
                admin = new(_mariaDb.SuperUser, new(_mariaDb.SuperPassword));
                break;
            case 3:
                login = $"fleet_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
                await _redis!.ExecuteAsync("ACL", "SETUSER", login, "reset", "on", ">" + Password, "~fleet:*", "+@read", "+ping", "+@connection");
                credential = RedisScene.CredentialFor(Deployment.Of(_redis), login);
                admin = new(_redis.AdminUser, new(_redis.AdminPassword));
                break;
            default:
                var database = _databases[number % 4];
                login = await database.NewLoginAsync("fleet", Password);
                await database.ExecuteAsync($"GRANT SELECT ON public.shared TO {PostgresServer.Identifier(login)}");
                credential = Room.CredentialFor(database.Server, database.Name, login);
                admin = new(database.Server.SuperUser, new(database.Server.SuperPassword));
                break;
        }

        await Service.AddAsync(
            new()
            {
                Credential = credential with { Name = string.Create(CultureInfo.InvariantCulture, $"c{number}"), RotationInterval = FleetTime.Interval },
                Login = new(login, new(Password)),
                Admin = admin,
                SkipCheck = true,
            },
            Scene.Ct);
    }

    private async Task<bool> IsThereAsync(DatabaseCredential credential, string name)
    {
        switch (credential.DatabaseType)
        {
            case DatabaseType.MySql:
                await using (var connection = await _mariaDb!.OpenAsync(ct: Scene.Ct))
                {
                    await using var command = new MySqlConnector.MySqlCommand("SELECT COUNT(*) FROM mysql.global_priv WHERE User = @name", connection);
                    command.Parameters.AddWithValue("@name", name);
                    return Convert.ToInt64(await command.ExecuteScalarAsync(Scene.Ct), CultureInfo.InvariantCulture) > 0;
                }

            case DatabaseType.Redis:
                return await _redis!.ExecuteAsync("ACL", "GETUSER", name) is not null;
            default:
                await using (var connection = await _databases.Single(database => database.Server.Port == credential.Port).OpenAsync())
                {
                    await using var command = new Npgsql.NpgsqlCommand("SELECT count(*) FROM pg_roles WHERE rolname = $1", connection) { Parameters = { new() { Value = name } } };
                    return (long)(await command.ExecuteScalarAsync(Scene.Ct))! > 0;
                }
        }
    }
}
