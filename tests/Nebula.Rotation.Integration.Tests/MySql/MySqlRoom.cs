using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using MySqlConnector;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>The MySQL room with a database of its own, and a rotation by hand through its parts.</summary>
internal sealed partial class MySqlRoom : IAsyncDisposable
{
    public const string NewPassword = "new-Password.1";

    private readonly List<string> _names = [];

    private MySqlRoom(MySqlServer server, string database, IAdminConnection admin, DatabaseCredential credential)
    {
        Server = server;
        Database = database;
        Admin = admin;
        Credential = credential;
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public MySqlEngine Engine { get; } = new();

    public ILoginPlanner Planner { get; init; } = new MySqlPlanner();

    public IAdminConnection Admin { get; }

    public DatabaseCredential Credential { get; }

    public MySqlServer Server { get; }

    public string Database { get; }

    public bool IsMariaDb => Server.Release is MySqlRelease.MariaDb;

    public static async Task<MySqlRoom> OpenAsync(SharedMySql mysql, IReadOnlyDictionary<string, string>? options = null, ILoginPlanner? planner = null) =>
        await OpenAsync(await mysql.ServerAsync(), options, planner);

    public static async Task<MySqlRoom> OpenAsync(MySqlServer server, IReadOnlyDictionary<string, string>? options = null, ILoginPlanner? planner = null)
    {
        var database = Unique("db");
        await server.ExecuteAsync($"CREATE DATABASE {MySqlServer.Identifier(database)}", ct: Ct);
        var credential = CredentialFor(server, database, "nobody") with { Option = options ?? new Dictionary<string, string>() };
        var admin = await new MySqlEngine().ConnectAdminAsync(credential, new(server.SuperUser, new(server.SuperPassword)), Ct);
        return new(server, database, admin, credential) { Planner = planner ?? new MySqlPlanner() };
    }

    public static DatabaseCredential CredentialFor(MySqlServer server, string database, string username) => new()
    {
        Name = "app",
        DatabaseType = DatabaseType.MySql,
        HostName = [server.Host],
        Port = server.Port,
        Database = database,
        Username = username,
    };

    /// <summary>A name that becomes an account or a role; dropped at the end, with every host.</summary>
    public string NewName(string like = "app")
    {
        var name = Unique(like);
        _names.Add(name);
        return name;
    }

    /// <summary>A login with accounts for these hosts.</summary>
    public async Task<string> NewLoginAsync(string like = "app", string password = "secret", params string[] hosts)
    {
        var name = NewName(like);
        foreach (var host in hosts.Length == 0 ? ["%"] : hosts)
            await ExecuteAsync($"CREATE USER {Account(name, host)} IDENTIFIED BY {MySqlServer.Literal(password)}");
        return name;
    }

    public static string Account(string name, string host = "%") => $"{MySqlServer.Identifier(name)}@{MySqlServer.Identifier(host)}";

    /// <summary>Runs statements as the superuser; {0} and so on are names, quoted.</summary>
    public Task ExecuteAsync(string sql, params string[] names) => Server.ExecuteAsync(Named(sql, names), Database, Ct);

    public Task<MySqlConnection> ConnectAsync(string user, string password) => Server.OpenAsync(Database, user, password, Ct);

    public async Task<string?> ScalarAsync(string sql, params string[] names) => await ScalarAsync(await Server.OpenAsync(Database, ct: Ct), sql, names);

    public async Task<string?> ScalarAsAsync(string user, string password, string sql, params string[] names) =>
        await ScalarAsync(await ConnectAsync(user, password), sql, names);

    /// <summary>All rows of a query, columns with a bar between.</summary>
    public async Task<List<string>> RowsAsync(string sql, params string[] names)
    {
        await using var connection = await Server.OpenAsync(Database, ct: Ct);
#pragma warning disable CA2100
        await using var command = new MySqlCommand(Named(sql, names), connection);
#pragma warning restore CA2100
        await using var rows = await command.ExecuteReaderAsync(Ct);
        var all = new List<string>();
        while (await rows.ReadAsync(Ct))
            all.Add(string.Join('|', Enumerable.Range(0, rows.FieldCount).Select(index => rows.IsDBNull(index) ? "NULL" : Convert.ToString(rows.GetValue(index), CultureInfo.InvariantCulture))));
        return all;
    }

    public Task<LoginSnapshot> ReadAsync(string username) => Admin.ReadSnapshotAsync(username, Ct);

    public async Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password = null)
    {
        await using var unit = await Admin.BeginAsync(Ct);
        await unit.ApplyAsync(statements, password, Ct);
        await unit.CommitAsync(Ct);
    }

    /// <summary>Makes the target the source's equal; proves it.</summary>
    public async Task<ClonePlan> CloneAsync(string source, string target, string password = NewPassword)
    {
        var plan = Planner.PlanClone(await ReadAsync(source), await ReadAsync(target));
        Assert.Empty(plan.Blockers);
        await ApplyAsync([.. plan.CreateStatements, .. plan.CloneStatements], new(target, new(password)));
        await AssertEqualAsync(source, target);
        return plan;
    }

    public async Task AssertEqualAsync(string source, string target)
    {
        var diff = new MySqlPlanner().Compare(await ReadAsync(source), await ReadAsync(target), afterMove: false);
        Assert.True(diff.IsEmpty, $"missing: {string.Join("; ", diff.Missing)}\nextra: {string.Join("; ", diff.Extra)}");
    }

    /// <summary>Blocks the source, moves what it is the definer of, drops it; proves that all of it is the target's.</summary>
    public async Task RetireAsync(string source, string target)
    {
        await ApplyAsync(Planner.PlanBlock(await ReadAsync(source)));
        var before = await ReadAsync(source);
        Assert.False(before.CanLogIn);
        foreach (var step in Planner.PlanMove(await ReadAsync(source), await ReadAsync(target)))
            await ApplyAsync(step.Statements);
        Assert.Empty(Planner.PlanMove(await ReadAsync(source), await ReadAsync(target)));
        await ApplyAsync(Planner.PlanDrop(await ReadAsync(source), await ReadAsync(target)));
        var diff = Planner.Compare(before, await ReadAsync(target), afterMove: true);
        Assert.True(diff.IsEmpty, $"missing: {string.Join("; ", diff.Missing)}\nextra: {string.Join("; ", diff.Extra)}");
    }

    public async ValueTask DisposeAsync()
    {
        await Admin.DisposeAsync();
        await Server.ExecuteAsync($"DROP DATABASE {MySqlServer.Identifier(Database)}");
        foreach (var name in _names)
            await DropAsync(Server, name);
    }

    /// <summary>Every account and role of a name.</summary>
    public static async Task DropAsync(MySqlServer server, string name)
    {
        await using var connection = await server.OpenAsync();
        await using var find = new MySqlCommand(
            server.Release is MySqlRelease.MariaDb
                ? "SELECT Host, JSON_VALUE(Priv, '$.is_role') IS NOT NULL FROM mysql.global_priv WHERE User = @name"
                : "SELECT Host, FALSE FROM mysql.user WHERE User = @name", connection);
        find.Parameters.AddWithValue("@name", name);
        var drops = new List<string>();
        await using (var rows = await find.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
                drops.Add(Convert.ToInt64(rows.GetValue(1), CultureInfo.InvariantCulture) != 0 ? $"DROP ROLE {MySqlServer.Identifier(name)}" : $"DROP USER {Account(name, rows.GetString(0))}");
        }

        foreach (var drop in drops)
            await server.ExecuteAsync(drop);
    }

    private static async Task<string?> ScalarAsync(MySqlConnection connection, string sql, string[] names)
    {
        await using (connection)
        {
#pragma warning disable CA2100
            await using var command = new MySqlCommand(Named(sql, names), connection);
#pragma warning restore CA2100
            return Convert.ToString(await command.ExecuteScalarAsync(Ct), CultureInfo.InvariantCulture);
        }
    }

    private static string Unique(string like) => $"{like}_{RandomNumberGenerator.GetHexString(6, lowercase: true)}";

    private static string Named(string sql, string[] names) =>
        Slot().Replace(sql, match => MySqlServer.Identifier(names[int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)]));

    [GeneratedRegex(@"\{(\d+)\}")]
    private static partial Regex Slot();
}
