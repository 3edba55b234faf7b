using System.Security.Cryptography;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;
using StackExchange.Redis;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>A credential on real servers, in a real store, and the service over both.</summary>
internal sealed class RedisScene : IAsyncDisposable
{
    /// <summary>What an application is given that is given much: every kind of rule that all releases have.</summary>
    public const string Rules = "~app:* ~cache:* &app.* +@all -@dangerous +info +keys";

    public const string OldPassword = "it's \"old\"; %@:/?#\\`ü";

    private readonly DirectoryInfo _folder;

    private RedisScene(Deployment deployment, DirectoryInfo folder, ICredentialStore store, string login)
    {
        _folder = folder;
        Deployment = deployment;
        Store = store;
        OldLogin = login;
        Service = Scene.NewService(SettlingStore.Around(store, Gap));
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public Deployment Deployment { get; }

    public ICredentialStore Store { get; }

    public RotationService Service { get; }

    /// <inheritdoc cref="Scene.Gap"/>
    public LoginGap Gap { get; } = new();

    public string StorePath => Path.Combine(_folder.FullName, "store.db");

    public string OldLogin { get; }

    public DatabaseCredential Credential { get; private set; } = null!;

    /// <summary>Where the application connects, if not where the credential says.</summary>
    public IReadOnlyList<string>? ApplicationHostName { get; set; }

    public RedisServer Server => Deployment.First;

    /// <param name="deployment">Where.</param>
    /// <param name="rules">The login's rules, as redis-cli reads them.</param>
    /// <param name="change">What else the credential has.</param>
    /// <param name="onSentinels">The login is one of the sentinels', too.</param>
    public static async Task<RedisScene> CreateAsync(
        Deployment deployment, string rules = Rules, Func<DatabaseCredential, DatabaseCredential>? change = null, bool onSentinels = false)
    {
        var login = $"app_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var folder = Directory.CreateTempSubdirectory("nebula-redis-");
        var scene = new RedisScene(deployment, folder, await Scene.OpenStoreAsync(Path.Combine(folder.FullName, "store.db"), create: true), login);
        foreach (var node in deployment.Nodes)
        {
            await node.ExecuteAsync(["ACL", "SETUSER", login, "reset", "on", ">" + OldPassword, .. RedisDialect.Split(rules)]);
            if (node.KeepsUsersBy is { } command)
                await node.ExecuteAsync(command.Split(' '));
        }

        foreach (var sentinel in onSentinels ? deployment.Sentinels : [])
            await sentinel.ExecuteAsync("ACL", "SETUSER", login, "reset", "on", ">" + OldPassword, "+@all", "&*");
        var credential = CredentialFor(deployment, login);
        scene.Credential = await scene.Service.AddAsync(
            new()
            {
                Credential = change?.Invoke(credential) ?? credential,
                Login = new(login, new(OldPassword)),
                Admin = new(deployment.First.AdminUser, new(deployment.First.AdminPassword)),
            },
            Ct);
        return scene;
    }

    public static DatabaseCredential CredentialFor(Deployment deployment, string username) => new()
    {
        Name = "app",
        DatabaseType = DatabaseType.Redis,
        HostName = deployment.HostName,
        Port = deployment.First.Port,
        Database = "0",
        Username = username,
        SslMode = SslMode.Disable,
        Option = deployment.ServiceName is { } service ? new Dictionary<string, string> { ["ServiceName"] = service } : new Dictionary<string, string>(),
    };

    public static RotationRequest Request(
        Login? admin = null, RotationStrategy? strategy = null, TimeSpan? drainTimeout = null, DrainTimeoutAction? onDrainTimeout = null) => new()
    {
        Name = "app",
        GracePeriod = TimeSpan.FromMilliseconds(100),
        Admin = admin,
        Strategy = strategy,
        DrainTimeout = drainTimeout,
        OnDrainTimeout = onDrainTimeout,
    };

    public async Task<RotationRecord> RotateAsync(RotationRequest? request = null, Observer? observer = null) =>
        await Service.RotateAsync(request ?? Scene.Request(), observer ?? new Observer(), Ct);

    public async Task<Login> LiveAsync() => await Service.GetLoginAsync("app", DatabaseCredential.DefaultScope, Ct);

    /// <summary>The application's own driver, by the connection string that the application is given.</summary>
    public async Task<ConnectionMultiplexer> ConnectAsync(Login login)
    {
        var text = new RedisEngine().FormatConnectionString(Credential with { HostName = ApplicationHostName ?? Credential.HostName }, new(login.Username, new("x")), ConnectionStringFormat.AdoNet).Reveal();
        var options = ConfigurationOptions.Parse(text);
        // The first password of a test has a comma's kind of characters; the driver takes any by this way.
        options.Password = login.Password.Reveal();
        options.AbortOnConnectFail = true;
        options.TieBreaker = options.ConfigurationChannel = "";
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ConnectTimeout = 20_000;
        options.AsyncTimeout = 20_000;
        options.ClientName = "the application";
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    public async Task<IAdminConnection> ConnectAdminAsync() =>
        await new RedisEngine().ConnectAdminAsync(Credential, new(Server.AdminUser, new(Server.AdminPassword)), Ct);

    public async Task<LoginSnapshot> ReadAsync(string username)
    {
        await using var admin = await ConnectAdminAsync();
        return await admin.ReadSnapshotAsync(username, Ct);
    }

    /// <summary>On each node: whether it has a user.</summary>
    public async Task<IReadOnlyList<bool>> WhereAsync(string username, bool onSentinels = false)
    {
        List<bool> found = [];
        foreach (var node in onSentinels ? Deployment.Sentinels : Deployment.Nodes)
            found.Add(await node.ExecuteAsync("ACL", "GETUSER", username) is not null);
        return found;
    }

    /// <summary>On every node the one is there and the other is not; and the one logs in with what the store says.</summary>
    public async Task AssertOnlyAsync(Login live, string gone)
    {
        Assert.All(await WhereAsync(live.Username), Assert.True);
        Assert.All(await WhereAsync(gone), Assert.False);
        foreach (var node in Deployment.Nodes)
            await (await node.OpenAsync(live.Username, live.Password.Reveal(), Ct)).DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        var made = (await Store.ListRotationsAsync(new(), CancellationToken.None)).SelectMany(record => new[] { record.OldUsername, record.NewUsername });
        // Where the admin itself got another password, the servers are the test's own, and go with it.
        foreach (var name in Server.AdminUser == "default" ? [] : made.Append(OldLogin).Distinct().Where(name => name != "default"))
        {
            foreach (var node in Deployment.Nodes.Concat(Deployment.Sentinels).Where(node => !node.HasEnded))
                await node.ExecuteAsync("ACL", "DELUSER", name);
        }

        await Service.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
