using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>A model server, a real store in a file, and runners over both.</summary>
internal sealed class World : IAsyncDisposable
{
    public const string AppPassword = "old-password-of-the-app";
    private const string AdminPassword = "admin-password";

    private readonly TestStore _files;

    private World(TestStore files, ICredentialStore store, ShiftedTime time)
    {
        _files = files;
        Store = store;
        Time = time;
    }

    public static RotationRequest Request { get; } = new() { Name = "app", GracePeriod = TimeSpan.FromMilliseconds(10) };

    public ICredentialStore Store { get; }

    public ShiftedTime Time { get; }

    public ModelServer Server { get; } = new();

    public ModelPlanner Planner { get; } = new();

    public RecordingObserver Observer { get; } = new();

    /// <summary>How long a change is tried again. Long, so that a slow machine has its tries; short where a test waits for the end of it.</summary>
    public TimeSpan RetryBudget { get; set; } = TimeSpan.FromMinutes(3);

    public DatabaseCredential Credential { get; private set; } = null!;

    /// <summary>The folder of the store's file, for files of a test's own.</summary>
    public string Folder => _files.Folder;

    public static async Task<World> CreateAsync(params string[] facts)
    {
        var files = new TestStore();
        var time = new ShiftedTime();
        var world = new World(files, await files.OpenAsync(time), time);
        world.Server.Add("postgres", AdminPassword);
        world.Server.Add("app", AppPassword, [.. facts.Select(ModelPlanner.Fact)]);
        world.Credential = await world.Store.AddAsync(
            new()
            {
                Name = "app",
                DatabaseType = DatabaseType.PostgreSql,
                HostName = ["model"],
                Port = 1,
                Database = "app",
                Username = "app",
            },
            new("app", new(AppPassword)),
            new("postgres", new(AdminPassword)),
            CancellationToken.None);
        return world;
    }

    /// <summary>A runner, which calls <paramref name="touch"/> whenever it reaches for the store or the server.</summary>
    public RotationWorkflow Runner(Action<string>? touch = null) => new(Services(touch));

    public WorkflowServices Services(Action<string>? touch = null)
    {
        touch ??= _ => { };
        return new(
            new TouchedStore(Store, touch),
            new EngineRegistry([new(DatabaseType.PostgreSql, () => new ModelEngine(Server, Planner, touch))]),
            Time,
            new()
            {
                PollInterval = TimeSpan.FromMilliseconds(2),
                RetryPause = TimeSpan.FromMilliseconds(1),
                RetryBudget = RetryBudget,
                VerifyBudget = TimeSpan.FromMilliseconds(50),
            })
        {
            Publishers = TouchedPublisher.All(touch),
        };
    }

    /// <summary>Gives the credential these publish targets.</summary>
    public async Task SetTargetsAsync(params PublishTarget[] targets) =>
        Credential = await Store.UpdateAsync(
            (await Store.FindAsync("app", DatabaseCredential.DefaultScope, CancellationToken.None))! with { PublishTargets = targets }, null, null, CancellationToken.None);

    public Task<RotationRecord> RotateAsync(RotationRequest? request = null) => Runner().RotateAsync(request ?? Request, Observer, CancellationToken.None);

    public Task<RotationRecord> RotateUntilAsync(CancellationToken stop) => Runner().RotateAsync(Request, Observer, stop);

    public async Task SetAlternateAsync(string username) =>
        Credential = await Store.UpdateAsync(
            (await Store.FindAsync("app", DatabaseCredential.DefaultScope, CancellationToken.None))! with { Option = new Dictionary<string, string> { ["alternateusername"] = username } },
            null,
            null,
            CancellationToken.None);

    /// <summary>Changes the credential's settings.</summary>
    public async Task ChangeAsync(Func<DatabaseCredential, DatabaseCredential> change) =>
        Credential = await Store.UpdateAsync(
            change((await Store.FindAsync("app", DatabaseCredential.DefaultScope, CancellationToken.None))!), null, null, CancellationToken.None);

    public async Task KeepVersionsAsync(int count) =>
        Credential = await Store.UpdateAsync(
            (await Store.FindAsync("app", DatabaseCredential.DefaultScope, CancellationToken.None))! with { KeepVersions = count }, null, null, CancellationToken.None);

    public async Task<Login> LiveLoginAsync() => (await Store.GetCurrentLoginAsync(Credential.Id, CancellationToken.None)).Login;

    public async Task<RotationRecord?> LastRotationAsync()
    {
        var records = await Store.ListRotationsAsync(new() { Name = "app", Last = 1 }, CancellationToken.None);
        return records.Count > 0 ? records[0] : null;
    }

    /// <summary>What always holds: the login that the store names logs in, and has every fact.</summary>
    public async Task AssertInvariantAsync(params string[] facts)
    {
        var live = await LiveLoginAsync();
        Assert.True(Server.LogsIn(live.Username, live.Password.Reveal()), $"'{live.Username}' does not log in");
        var has = Server[live.Username].Facts.Select(fact => fact.Name).ToHashSet();
        var reaches = has.Any(name => name.StartsWith("overlap", StringComparison.Ordinal))
            ? has.Concat(Server.Names.SelectMany(name => Server[name].Facts).Where(fact => fact.IsExclusive).Select(fact => fact.Name)).ToHashSet()
            : has;
        Assert.Superset(facts.ToHashSet(), reaches);
    }

    /// <summary>Nothing is left behind: one login, with exactly these facts.</summary>
    public async Task AssertCleanAsync(params string[] facts)
    {
        var live = await LiveLoginAsync();
        Assert.Equal(["postgres", live.Username], Server.Names.Order(StringComparer.Ordinal).OrderByDescending(name => name == "postgres"));
        Assert.Equal(facts.Order(StringComparer.Ordinal), Server[live.Username].Facts.Select(fact => fact.Name).Order(StringComparer.Ordinal));
        Assert.True(Server.LogsIn(live.Username, live.Password.Reveal()));
        Assert.Empty(Server.Locks);
    }

    /// <summary>Two logins at most and only these; the one that is not live is idle, with nothing that the overlap needed.</summary>
    public async Task AssertPairAsync(string first, string second, params string[] facts)
    {
        var live = await LiveLoginAsync();
        Assert.Contains(live.Username, new[] { first, second });
        Assert.Subset(new HashSet<string> { "postgres", first, second }, Server.Names.ToHashSet());
        Assert.Equal(facts.Order(StringComparer.Ordinal), Server[live.Username].Facts.Select(fact => fact.Name).Order(StringComparer.Ordinal));
        Assert.True(Server.LogsIn(live.Username, live.Password.Reveal()), $"'{live.Username}' does not log in");
        Assert.Empty(Server.Locks);
        if (Server.Names.Except(["postgres", live.Username]).SingleOrDefault() is not { } other)
            return;
        Assert.False(Server[other].CanLogIn, $"'{other}' is enabled");
        Assert.True(Server[other].Password is null, $"'{other}' has a password");
        Assert.DoesNotContain(Server[other].Facts, fact => fact.IsExclusive || fact.Name.StartsWith("overlap", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _files.Dispose();
    }
}
