using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>A credential on a real server, in a real store, and the service over both.</summary>
internal sealed class Scene : IAsyncDisposable
{
    public const string OldPassword = "it's \"old\"; %@:/?#\\`ü";

    private readonly DirectoryInfo _folder;

    private Scene(TestDatabase database, DirectoryInfo folder, ICredentialStore store)
    {
        _folder = folder;
        Database = database;
        Store = store;
        Service = NewService(SettlingStore.Around(store, Gap));
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static RotationTiming Timing { get; } = new() { PollInterval = TimeSpan.FromMilliseconds(50), RetryBudget = TimeSpan.FromMinutes(3) };

    public TestDatabase Database { get; }

    public ICredentialStore Store { get; }

    public RotationService Service { get; }

    /// <summary>Where the scene's application is between reading the store and logging in.</summary>
    public LoginGap Gap { get; } = new();

    public string StorePath => Path.Combine(_folder.FullName, "store.db");

    public string OldLogin { get; private set; } = "";

    public DatabaseCredential Credential { get; private set; } = null!;

    /// <summary>A login `{0}` that owns tables in a schema that is called like it, and has rights elsewhere; `{1}` is another role.</summary>
    public static async Task<Scene> CreateAsync(SharedPostgres postgres, string nameLike = "app", string password = OldPassword) =>
        await CreateAsync(await postgres.ServerAsync(), nameLike, password);

    /// <summary>
    /// The same on any server; <paramref name="change"/> says what else the credential has. <paramref name="setUp"/> makes another login of the name that it is given, with what it
    /// has, and says who is the admin. <paramref name="folder"/> is where the store is made.
    /// </summary>
    public static async Task<Scene> CreateAsync(
        PostgresServer server, string nameLike = "app", string password = OldPassword, Func<DatabaseCredential, Task<DatabaseCredential>>? change = null,
        Func<TestDatabase, string, Task<Login>>? setUp = null, string? folder = null)
    {
        var database = await TestDatabase.CreateAsync(server, null);
        var made = folder is null ? Directory.CreateTempSubdirectory("nebula-scene-") : Directory.CreateDirectory(folder);
        var store = await OpenStoreAsync(Path.Combine(made.FullName, "store.db"), create: true);
        var scene = new Scene(database, made, store) { OldLogin = setUp is null ? await database.NewLoginAsync(nameLike, password) : database.NewRoleName(nameLike) };
        var admin = setUp is null ? await SetUpAsync(scene) : await setUp(database, scene.OldLogin);
        scene.Credential = await scene.Service.AddAsync(
            new()
            {
                Credential = await (change ?? Task.FromResult)(Room.CredentialFor(database.Server, database.Name, scene.OldLogin)),
                Login = new(scene.OldLogin, new(password)),
                Admin = admin,
            },
            Ct);
        return scene;
    }

    private static async Task<Login> SetUpAsync(Scene scene)
    {
        var database = scene.Database;
        var (login, other) = (PostgresServer.Identifier(scene.OldLogin), PostgresServer.Identifier(database.NewRoleName("other")));
        await database.ExecuteAsync(
            $"""
            CREATE ROLE {other};
            ALTER ROLE {login} SET statement_timeout = '50s';
            CREATE TABLE public.shared (id integer PRIMARY KEY, n integer NOT NULL);
            INSERT INTO public.shared VALUES (1, 0);
            GRANT SELECT, UPDATE ON public.shared TO {login} WITH GRANT OPTION;
            GRANT CREATE ON DATABASE {PostgresServer.Identifier(database.Name)} TO {login};
            CREATE SCHEMA {login} AUTHORIZATION {login};
            SET ROLE {login};
            CREATE TABLE {login}.mine (id bigserial PRIMARY KEY, note text NOT NULL);
            GRANT SELECT ON {login}.mine TO {other};
            CREATE VIEW {login}.seen AS SELECT count(*) AS n FROM {login}.mine;
            ALTER DEFAULT PRIVILEGES FOR ROLE {login} GRANT SELECT ON TABLES TO {other};
            RESET ROLE;
            """);
        return new(database.Server.SuperUser, new(database.Server.SuperPassword));
    }

    public static async Task<ICredentialStore> OpenStoreAsync(string path, bool create = false) =>
        await SqliteCredentialStore.OpenAsync(path, new KeyFileProvider(), TimeProvider.System, create, Ct);

    public static RotationService NewService(ICredentialStore store, RotationTiming? timing = null) =>
        new(new(store, EngineRegistry.Default, TimeProvider.System, timing ?? Timing));

    public static RotationRequest Request(TimeSpan? grace = null, TimeSpan? retain = null, bool noWait = false) => new()
    {
        Name = "app",
        GracePeriod = grace ?? TimeSpan.FromMilliseconds(100),
        RetainFor = retain,
        NoWait = noWait,
    };

    public async Task<RotationRecord> RotateAsync(RotationRequest? request = null) =>
        Track(await Service.RotateAsync(request ?? Request(), new Observer(), Ct));

    /// <summary>The new login is dropped with the test, whatever became of it.</summary>
    public RotationRecord Track(RotationRecord record)
    {
        Database.Adopt(record.NewUsername);
        return record;
    }

    public async Task<Login> LiveAsync() => await Service.GetLoginAsync("app", DatabaseCredential.DefaultScope, Ct);

    public async Task<NpgsqlConnection> ConnectAsync(Login login) => await Database.OpenAsync(login.Username, login.Password.Reveal());

    /// <summary>Names of the logins that this credential has on the server.</summary>
    public async Task<List<string>> LoginsAsync()
    {
        await using var connection = await Database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT rolname FROM pg_roles WHERE rolname = $1 OR rolname ~ '^app_[0-9a-f]{8}$' AND rolname = ANY ($2) ORDER BY 1", connection)
        {
            Parameters = { new() { Value = OldLogin }, new() { Value = (await MadeAsync()).ToArray() } },
        };
        List<string> names = [];
        await using var rows = await command.ExecuteReaderAsync(Ct);
        while (await rows.ReadAsync(Ct))
            names.Add(rows.GetString(0));
        return names;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in await MadeAsync())
            Database.Adopt(name);
        await Service.DisposeAsync();
        await Database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Every name that a rotation of this store ever chose.</summary>
    private async Task<IEnumerable<string>> MadeAsync() =>
        (await Store.ListRotationsAsync(new(), CancellationToken.None)).SelectMany(record => new[] { record.OldUsername, record.NewUsername }).Distinct();
}
