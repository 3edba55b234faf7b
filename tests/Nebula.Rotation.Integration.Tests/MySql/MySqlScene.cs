using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using MySqlConnector;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>A credential on a real server, in a real store, and the service over both; and an application that is the definer of things.</summary>
internal sealed class MySqlScene : IAsyncDisposable
{
    public const string OldPassword = "it's \"old\"; %@:/?#\\`ü";

    private readonly DirectoryInfo _folder;

    private MySqlScene(MySqlServer server, string database, DirectoryInfo folder, ICredentialStore store)
    {
        Server = server;
        Database = database;
        _folder = folder;
        Store = store;
        Service = Scene.NewService(SettlingStore.Around(store, Gap));
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public MySqlServer Server { get; }

    public string Database { get; }

    public ICredentialStore Store { get; }

    public RotationService Service { get; }

    /// <inheritdoc cref="Scene.Gap"/>
    public LoginGap Gap { get; } = new();

    public string StorePath => Path.Combine(_folder.FullName, "store.db");

    public string OldLogin { get; private set; } = "";

    public DatabaseCredential Credential { get; private set; } = null!;

    public static async Task<MySqlScene> CreateAsync(SharedMySql mysql, Func<DatabaseCredential, DatabaseCredential>? change = null, bool withDefiners = true, string hosts = "%") =>
        await CreateAsync(await mysql.ServerAsync(), change, withDefiners, hosts);

    /// <summary>A login with rights of several kinds, which made a view, a procedure, a function, a trigger and an event.</summary>
    public static async Task<MySqlScene> CreateAsync(
        MySqlServer server,
        Func<DatabaseCredential, DatabaseCredential>? change = null,
        bool withDefiners = true,
        string hosts = "%",
        Login? admin = null,
        Func<MySqlScene, Task>? waits = null)
    {
        var suffix = RandomNumberGenerator.GetHexString(6, lowercase: true);
        var folder = Directory.CreateTempSubdirectory("nebula-mysql-");
        var store = await Scene.OpenStoreAsync(Path.Combine(folder.FullName, "store.db"), create: true);
        var scene = new MySqlScene(server, $"shop_{suffix}", folder, store) { OldLogin = $"app'{suffix}" };
        var (database, login) = (MySqlServer.Identifier(scene.Database), MySqlServer.Identifier(scene.OldLogin));
        await server.ExecuteAsync(
            $"""
            CREATE DATABASE {database};
            CREATE TABLE {database}.shared (id int PRIMARY KEY, n int NOT NULL, note varchar(50));
            INSERT INTO {database}.shared VALUES (1, 0, '');
            CREATE TABLE {database}.mine (id bigint AUTO_INCREMENT PRIMARY KEY, note varchar(50) NOT NULL);
            CREATE TABLE {database}.log (id bigint AUTO_INCREMENT PRIMARY KEY, what varchar(50) NOT NULL);
            """);
        foreach (var host in hosts.Split(','))
        {
            await server.ExecuteAsync(
                $"""
                CREATE USER {login}@'{host}' IDENTIFIED BY {MySqlServer.Literal(OldPassword)} WITH MAX_USER_CONNECTIONS 150;
                GRANT SELECT, INSERT, UPDATE, DELETE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, TRIGGER, EVENT ON {database}.* TO {login}@'{host}';
                GRANT SELECT, UPDATE (n) ON {database}.shared TO {login}@'{host}' WITH GRANT OPTION;
                GRANT PROCESS ON *.* TO {login}@'{host}';
                """);
        }

        if (withDefiners)
        {
            // What the application itself made.
            await using var connection = await server.OpenAsync(scene.Database, scene.OldLogin, OldPassword, Ct);
            foreach (var sql in Objects)
            {
                await using var command = new MySqlCommand(sql, connection);
                await command.ExecuteNonQueryAsync(Ct);
            }
        }

        if (waits is not null)
            await waits(scene);
        var credential = MySqlRoom.CredentialFor(server, scene.Database, scene.OldLogin);
        scene.Credential = await scene.Service.AddAsync(
            new()
            {
                Credential = change?.Invoke(credential) ?? credential,
                Login = new(scene.OldLogin, new(OldPassword)),
                Admin = admin ?? new(server.SuperUser, new(server.SuperPassword)),
            },
            Ct);
        return scene;
    }

    public static string[] Objects { get; } =
    [
        "CREATE SQL SECURITY DEFINER VIEW seen AS SELECT COUNT(*) AS n FROM mine WHERE note <> 'ünï'",
        "CREATE PROCEDURE bump() COMMENT 'it''s' MODIFIES SQL DATA UPDATE shared SET n = n + 1 WHERE id = 1",
        "CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC NO SQL RETURN a * 2",
        "CREATE TRIGGER mine_logged AFTER INSERT ON mine FOR EACH ROW INSERT INTO log (what) VALUES ('inserted')",
        "CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2031-01-02 03:04:05' ON COMPLETION PRESERVE DISABLE COMMENT 'c' DO DELETE FROM log WHERE id < 0",
        "CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO log (what) VALUES ('tick')",
        "CREATE VIEW slashes AS SELECT 'a\\\\b''c?' AS x",
    ];

    public static IReadOnlyList<string> Work { get; } = ["INSERT INTO mine (note) VALUES ('a worker')", "SELECT n FROM seen", "CALL bump()", "SELECT twice(21)"];

    public static IReadOnlyList<string> PlainWork { get; } = ["INSERT INTO mine (note) VALUES ('a worker')", "SELECT COUNT(*) FROM shared", "UPDATE shared SET n = n + 1 WHERE id = 1"];

    public static RotationRequest Request(TimeSpan? grace = null, TimeSpan? retain = null, bool noWait = false, RotationStrategy? strategy = null) => new()
    {
        Name = "app",
        GracePeriod = grace ?? TimeSpan.FromMilliseconds(100),
        RetainFor = retain,
        NoWait = noWait,
        Strategy = strategy,
    };

    public Task<RotationRecord> RotateAsync(RotationRequest? request = null) => Service.RotateAsync(request ?? Request(), new Observer(), Ct);

    public async Task<Login> LiveAsync() => await Service.GetLoginAsync("app", DatabaseCredential.DefaultScope, Ct);

    public Task<MySqlConnection> ConnectAsync(Login login) => Server.OpenAsync(Database, login.Username, login.Password.Reveal(), Ct);

    /// <summary>The logins of this credential that are on the server, with their accounts' lock.</summary>
    public async Task<List<string>> LoginsAsync()
    {
        var names = await MadeAsync();
        await using var connection = await Server.OpenAsync(ct: Ct);
        await using var command = new MySqlCommand(
            Server.Release is MySqlRelease.MariaDb
                ? "SELECT User, JSON_VALUE(Priv, '$.account_locked') FROM mysql.global_priv ORDER BY User"
                : "SELECT User, IF(account_locked = 'Y', '1', '0') FROM mysql.user ORDER BY User", connection);
        var found = new List<string>();
        await using var rows = await command.ExecuteReaderAsync(Ct);
        while (await rows.ReadAsync(Ct))
        {
            if (names.Contains(rows.GetString(0)))
                found.Add(rows.GetString(0) + (!rows.IsDBNull(1) && Convert.ToString(rows.GetValue(1), CultureInfo.InvariantCulture) is "1" or "true" ? " locked" : ""));
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in await MadeAsync())
            await MySqlRoom.DropAsync(Server, name);
        await Server.ExecuteAsync($"DROP DATABASE {MySqlServer.Identifier(Database)}");
        await Service.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<HashSet<string>> MadeAsync() =>
        [OldLogin, .. (await Store.ListRotationsAsync(new(), CancellationToken.None)).SelectMany(record => new[] { record.OldUsername, record.NewUsername })];
}

/// <summary>An application that logs in anew for every piece of work, with the login that the store names at that moment. It retries nothing.</summary>
internal sealed class MySqlTraffic : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly MySqlScene _scene;
    private readonly IReadOnlyList<string> _work;
    private readonly TimeSpan _pause;
    private readonly Task[] _workers;
    private int _queries;

    public MySqlTraffic(MySqlScene scene, int workers = 3, IReadOnlyList<string>? work = null, TimeSpan pause = default)
    {
        _pause = pause;
        _scene = scene;
        _work = work ?? MySqlScene.Work;
        _workers = [.. Enumerable.Range(0, workers).Select(_ => Task.Run(WorkAsync))];
    }

    public int Queries => _queries;

    public IReadOnlyCollection<string> Failures => _failures;

    public async Task FlowsAsync(int queries)
    {
        var goal = _queries + queries;
        await Eventually.HoldsAsync(() => _queries >= goal || !_failures.IsEmpty, $"{queries} more queries");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    private async Task<MySqlConnection> LogInAsync()
    {
        using var gap = _scene.Gap.Enter();
        var login = await _scene.Store.GetCurrentLoginAsync(_scene.Credential.Id, CancellationToken.None);
        return await _scene.ConnectAsync(login.Login);
    }

    private async Task WorkAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await LogInAsync();
                for (var round = 0; round < 5; round++)
                {
                    foreach (var sql in _work)
                    {
#pragma warning disable CA2100 // The scene's texts.
                        await using var command = new MySqlCommand(sql, connection);
#pragma warning restore CA2100
                        await command.ExecuteNonQueryAsync();
                        Interlocked.Increment(ref _queries);
                    }
                }

                await connection.CloseAsync();
                await Task.Delay(_pause);
            }
            catch (Exception exception) when (exception is MySqlException or InvalidOperationException or TimeoutException)
            {
                _failures.Enqueue(exception.Message);
            }
        }
    }
}
