using System.Text.RegularExpressions;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>The PostgreSQL room on a database of its own, and a rotation by hand through its parts.</summary>
internal sealed partial class Room : IAsyncDisposable
{
    private readonly TestDatabase _database;

    private Room(TestDatabase database, IAdminConnection admin, DatabaseCredential credential)
    {
        _database = database;
        Admin = admin;
        Credential = credential;
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public PostgreSqlEngine Engine { get; } = new();

    public ILoginPlanner Planner => Engine.Planner;

    public IAdminConnection Admin { get; }

    public DatabaseCredential Credential { get; }

    public PostgresServer Server => _database.Server;

    public string Database => _database.Name;

    public static async Task<Room> OpenAsync(SharedPostgres postgres, string databaseLike = "room", IReadOnlyDictionary<string, string>? options = null)
    {
        var database = await postgres.NewDatabaseAsync(databaseLike);
        var credential = CredentialFor(database.Server, database.Name, "nobody") with { Option = options ?? new Dictionary<string, string>() };
        var engine = new PostgreSqlEngine();
        var admin = await engine.ConnectAdminAsync(credential, new(database.Server.SuperUser, new(database.Server.SuperPassword)), Ct);
        return new(database, admin, credential);
    }

    public static DatabaseCredential CredentialFor(PostgresServer server, string database, string username) => new()
    {
        Name = "app",
        DatabaseType = DatabaseType.PostgreSql,
        HostName = [server.Host],
        Port = server.Port,
        Database = database,
        Username = username,
    };

    /// <summary>A name that becomes a role; dropped at the end.</summary>
    public string NewName(string like = "app") => _database.NewRoleName(like);

    public Task<string> NewLoginAsync(string like = "app") => _database.NewLoginAsync(like);

    /// <summary>Runs statements as the superuser; {0} and so on are names, quoted.</summary>
    public Task ExecuteAsync(string sql, params string[] names) => _database.ExecuteAsync(Named(sql, names));

    /// <summary>Runs statements as a role, in one session.</summary>
    public Task ExecuteAsAsync(string role, string sql, params string[] names) => _database.ExecuteAsync($"SET ROLE {Quote(role)}; {Named(sql, names)}");

    public Task<NpgsqlConnection> ConnectAsync(string user, string password) => _database.OpenAsync(user, password);

    public async Task<T?> ScalarAsync<T>(string sql, params string[] names)
    {
        await using var connection = await _database.OpenAsync();
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(Named(sql, names), connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Ct) is T value ? value : default;
    }

    public Task<LoginSnapshot> ReadAsync(string username) => Admin.ReadSnapshotAsync(username, Ct);

    public async Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password = null)
    {
        await using var unit = await Admin.BeginAsync(Ct);
        await unit.ApplyAsync(statements, password, Ct);
        await unit.CommitAsync(Ct);
    }

    /// <summary>Makes the target the source's equal; proves it.</summary>
    public async Task<ClonePlan> CloneAsync(string source, string target, string password = "new-Password.1")
    {
        var plan = Planner.PlanClone(await ReadAsync(source), await ReadAsync(target));
        Assert.Empty(plan.Blockers);
        await ApplyAsync([.. plan.CreateStatements, .. plan.CloneStatements], new(target, new(password)));
        await AssertEqualAsync(source, target);
        return plan;
    }

    public async Task AssertEqualAsync(string source, string target) =>
        AssertEmpty(Planner.Compare(await ReadAsync(source), await ReadAsync(target), afterMove: false));

    public static void AssertEmpty(SnapshotDiff diff) =>
        Assert.True(diff.IsEmpty, $"missing: {string.Join("; ", diff.Missing)}\nextra: {string.Join("; ", diff.Extra)}");

    /// <summary>Blocks the source, moves what it owns, drops it; proves that all of it is the target's.</summary>
    public async Task RetireAsync(string source, string target)
    {
        await ApplyAsync(Planner.PlanBlock(await ReadAsync(source)));
        var before = await ReadAsync(source);
        await MoveAsync(source, target);
        await ApplyAsync(Planner.PlanDrop(await ReadAsync(source), await ReadAsync(target)));
        Assert.False((await ReadAsync(source)).Exists);
        AssertMoved(before, await ReadAsync(target));
    }

    public async Task MoveAsync(string source, string target)
    {
        foreach (var step in Planner.PlanMove(await ReadAsync(source), await ReadAsync(target)))
            await ApplyAsync(step.Statements);
        Assert.Empty(Planner.PlanMove(await ReadAsync(source), await ReadAsync(target)));
    }

    public void AssertMoved(LoginSnapshot before, LoginSnapshot after) => AssertEmpty(Planner.Compare(before, after, afterMove: true));

    public static string Quote(string name) => PostgresServer.Identifier(name);

    /// <summary>Puts names, quoted, where {0} and so on are.</summary>
    public static string Named(string sql, string[] names) =>
        Slot().Replace(sql, match => Quote(names[int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)]));

    public async ValueTask DisposeAsync()
    {
        await Admin.DisposeAsync();
        await _database.DisposeAsync();
    }

    [GeneratedRegex(@"\{(\d+)\}")]
    private static partial Regex Slot();
}
