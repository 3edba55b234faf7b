using MongoDB.Bson;
using MongoDB.Driver;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>A user with everything on a server, its credential in a real store, and the service over both.</summary>
internal sealed class MongoScene : IAsyncDisposable
{
    public const string OldPassword = "it's \"old\"; %@:/?#\\`$1";

    private readonly DirectoryInfo _folder;
    private readonly List<string> _logins = [];
    private readonly MongoClient _admin;

    private MongoScene(MongoServer server, string database, ICredentialStore store, MongoDbEngine engine, DirectoryInfo folder, RotationTiming timing)
    {
        (_folder, Server, Database, Store, Engine) = (folder, server, database, store, engine);
        _admin = server.Connect(server.Admin, "admin");
        Service = new(new(SettlingStore.Around(store, Gap), new EngineRegistry([new(DatabaseType.MongoDb, () => engine)]), TimeProvider.System, timing));
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public MongoServer Server { get; }

    /// <summary>A database of this test's own; the user has rights in it and in the one beside it.</summary>
    public string Database { get; }

    public string OtherDatabase => Database + "_2";

    public ICredentialStore Store { get; }

    public MongoDbEngine Engine { get; }

    public RotationService Service { get; }

    /// <inheritdoc cref="Scene.Gap"/>
    public LoginGap Gap { get; } = new();

    public string StorePath => Path.Combine(_folder.FullName, "store.db");

    public string OldLogin { get; private set; } = "";

    public string AuthSource { get; private set; } = "admin";

    public DatabaseCredential Credential { get; private set; } = null!;

    public static async Task<MongoScene> CreateAsync(
        MongoServer server,
        string nameLike = "app",
        string authSource = "admin",
        MongoDbEngine? engine = null,
        Func<DatabaseCredential, DatabaseCredential>? change = null,
        Login? admin = null,
        BsonDocument? user = null,
        RotationTiming? timing = null)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"MongoDB server: {server.Kind}");
        var folder = Directory.CreateTempSubdirectory("nebula-mongo-");
        var database = $"t{Guid.NewGuid().ToString("N")[..10]}";
        var store = await Scene.OpenStoreAsync(Path.Combine(folder.FullName, "store.db"), create: true);
        var scene = new MongoScene(server, database, store, engine ?? new(), folder, timing ?? Scene.Timing)
        {
            OldLogin = $"{nameLike}{Guid.NewGuid().ToString("N")[..6]}",
            AuthSource = authSource == "own" ? database : authSource,
        };
        await scene.AdminAsync(new() { { "createRole", $"{database} shared \"role\"" }, { "privileges", new BsonArray() }, { "roles", new BsonArray { Role("readWrite", scene.OtherDatabase) } } });
        await scene.NewUserAsync(scene.OldLogin, OldPassword, user ?? scene.Everything());
        scene.Credential = await scene.Service.AddAsync(
            new()
            {
                Credential = (change ?? (credential => credential))(scene.NewCredential()),
                Login = new(scene.OldLogin, new(OldPassword)),
                Admin = admin ?? server.Admin,
            },
            Ct);
        return scene;
    }

    public static BsonDocument Role(string role, string db) => new() { { "role", role }, { "db", db } };

    public static RotationRequest Request(TimeSpan? grace = null, TimeSpan? retain = null, bool noWait = false) => Scene.Request(grace, retain, noWait);

    /// <summary>Roles of several databases, built-in and own; data of several types; restrictions; one mechanism of the two.</summary>
    public BsonDocument Everything() => new()
    {
        { "roles", new BsonArray { Role("readWrite", Database), Role("read", OtherDatabase), Role($"{Database} shared \"role\"", "admin") } },
        { "customData", new BsonDocument { { "team", "a \"quoted\" $team.name ü" }, { "n", 7L }, { "at", new BsonDateTime(1_700_000_000_123) }, { "nested", new BsonDocument("list", new BsonArray { 1, 2.5, BsonNull.Value }) } } },
        { "authenticationRestrictions", new BsonArray { new BsonDocument { { "clientSource", new BsonArray { "127.0.0.0/8", "0.0.0.0/0" } } }, new BsonDocument("clientSource", new BsonArray { "::1" }) } },
        { "mechanisms", new BsonArray { "SCRAM-SHA-256" } },
    };

    public DatabaseCredential NewCredential() => new()
    {
        Name = "app",
        DatabaseType = DatabaseType.MongoDb,
        HostName = Server.Hosts,
        Port = 27017,
        Database = Database,
        Username = OldLogin,
        SslMode = Server.SslMode,
        CACertificate = Server.CACertificate,
        ConnectionTimeout = TimeSpan.FromSeconds(20),
        Option = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["AuthSource"] = AuthSource,
            ["DirectConnection"] = Server.IsDirect ? "true" : "false",
        },
    };

    public async Task<BsonDocument> AdminAsync(BsonDocument command, string database = "admin")
    {
        var client = _admin.GetDatabase(database);
        try
        {
            return await client.RunCommandAsync<BsonDocument>(command, cancellationToken: Ct);
        }
        catch (MongoNotPrimaryException)
        {
            // A client learns of an election by being refused.
            return await client.RunCommandAsync<BsonDocument>(command, cancellationToken: Ct);
        }
    }

    public async Task NewUserAsync(string name, string password, BsonDocument fields, string? authSource = null)
    {
        _logins.Add(name);
        await AdminAsync(new BsonDocument { { "createUser", name }, { "pwd", password } }.Merge(fields), authSource ?? AuthSource);
    }

    public async Task<RotationRecord> RotateAsync(RotationRequest? request = null, IRotationObserver? observer = null) =>
        await Service.RotateAsync(request ?? Request(), observer ?? new Observer(), Ct);

    public Task<Login> LiveAsync() => Service.GetLoginAsync("app", DatabaseCredential.DefaultScope, Ct);

    public async Task<LoginSnapshot> SnapshotAsync(string username)
    {
        await using var admin = await Engine.ConnectAdminAsync(Credential, Server.Admin, Ct);
        return await admin.ReadSnapshotAsync(username, Ct);
    }

    /// <summary>Logs in, over connections of its own, and uses a right of the user's.</summary>
    public async Task<bool> LogsInAsync(string username, string password)
    {
        var client = Server.Connect(new(username, new(password)), AuthSource);
        try
        {
            await FindAsync(client);
            return true;
        }
        catch (MongoAuthenticationException)
        {
            return false;
        }
        finally
        {
            Close(client);
        }
    }

    public Task<List<BsonDocument>> FindAsync(MongoClient client) =>
        client.GetDatabase(OtherDatabase).GetCollection<BsonDocument>("c").Find(new BsonDocument("x", 1)).Limit(1).ToListAsync(Ct);

    /// <summary>Users of this test that are there, of those it made and those that rotations chose.</summary>
    public async Task<List<string>> UsersAsync()
    {
        var users = (await AdminAsync(new("usersInfo", 1), AuthSource))["users"].AsBsonArray.Select(user => user["user"].AsString);
        var ours = _logins.Concat(await MadeAsync()).ToHashSet();
        return [.. users.Where(ours.Contains).Order(StringComparer.Ordinal)];
    }

    public static void Close(MongoClient client)
    {
        ClusterRegistry.Instance.UnregisterAndDisposeCluster(client.Cluster);
        client.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in await UsersAsync())
            await AdminAsync(new("dropUser", name), AuthSource);
        await AdminAsync(new("dropRole", $"{Database} shared \"role\""));
        Close(_admin);
        await Service.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<IEnumerable<string>> MadeAsync() =>
        (await Store.ListRotationsAsync(new(), CancellationToken.None)).SelectMany(record => new[] { record.OldUsername, record.NewUsername }).Distinct();
}
