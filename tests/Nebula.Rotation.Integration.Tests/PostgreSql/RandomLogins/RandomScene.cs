using System.Security.Cryptography;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql.RandomLogins;

/// <summary>Two databases with something to have rights on, for one random login after the other. Connections are kept: to make one costs more than what a case asks.</summary>
internal sealed class RandomScene : IAsyncDisposable
{
    private readonly TestDatabase _there;
    private readonly NpgsqlConnection[] _sessions;

    private RandomScene(Room room, TestDatabase there, string[] roles, NpgsqlConnection[] sessions)
    {
        Room = room;
        _there = there;
        Roles = roles;
        _sessions = sessions;
    }

    public Room Room { get; }

    /// <summary>Group, other, owner, deputy.</summary>
    public string[] Roles { get; }

    public IReadOnlyList<string> Databases => [Room.Database, _there.Name];

    public static async Task<RandomScene> CreateAsync(SharedPostgres postgres)
    {
        var room = await Room.OpenAsync(postgres, "Here \"db'");
        var there = await postgres.NewDatabaseAsync("there; -- $1");
        string[] roles = [room.NewName("group"), room.NewName("other's"), room.NewName("Owner \""), room.NewName("deputy \\")];
        NpgsqlConnection[] sessions = [await there.Server.OpenAsync(room.Database, ct: Room.Ct), await there.OpenAsync()];
        var scene = new RandomScene(room, there, roles, sessions);
        await scene.RunAsync(0, "CREATE ROLE {1}; CREATE ROLE {2}; CREATE ROLE {3}; CREATE ROLE {6}; GRANT {1} TO {6} WITH ADMIN OPTION", "", "");
        for (var place = 0; place < sessions.Length; place++)
            await scene.RunAsync(place, RandomRights.Surroundings, "", "");
        return scene;
    }

    /// <summary>Names of a case: of the two logins, and of a schema in each database.</summary>
    public static (string Old, string New, string Schema) Names(RandomLogin login)
    {
        var number = RandomNumberGenerator.GetHexString(8, lowercase: true);
        return ($"{login.Old}_{number}", $"{login.New}_{number[..7]}x", $"sch\"ema_{number}");
    }

    public async Task MakeAsync(RandomLogin login, string old, string schema)
    {
        await RunAsync(0, $"CREATE ROLE {{0}} LOGIN PASSWORD 'x';\n{login.Role};\n{login.Here}", old, schema);
        await RunAsync(1, login.There, old, schema);
    }

    /// <summary>
    /// Takes the login and all that it has away: what it owns by hand, and the rest by a plan that drops it with no successor, which others lose by what the login
    /// let them pass on.
    /// </summary>
    public async Task RemoveAsync(LoginSnapshot login, string old, string schema)
    {
        await RunAsync(1, RandomRights.Leftovers, old, schema);
        await RunAsync(0, $"{RandomRights.Leftovers}; REVOKE {{1}} FROM {{2}}", old, schema);
        var nobody = login with { Username = "nobody", Exists = false, Facts = [] };
        var drop = Room.Planner.PlanDrop(login with { Facts = [.. login.Facts.Where(fact => fact.Kind != FactKinds.Policy)] }, nobody);
        await Room.ApplyAsync([.. drop.Select(statement => statement.Text.StartsWith("REVOKE", StringComparison.Ordinal) ? statement with { Text = $"{statement.Text} CASCADE" } : statement)]);
    }

    public Task<DumpReading> DumpAsync(string login) => DumpOracle.ReadAsync(Room.Server, DumpRequest.Of(login, Databases, Roles), Room.Ct);

    /// <summary>Disposes as far as it goes: a login that a case left there holds on to roles.</summary>
    public async Task AbandonAsync()
    {
        try
        {
            await DisposeAsync();
        }
        catch (PostgresException e)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"left there: {e.MessageText}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions)
            await session.DisposeAsync();
        await _there.DisposeAsync();
        await Room.DisposeAsync();
    }

    private async Task RunAsync(int place, string sql, string login, string schema)
    {
        string[] names = [login, Roles[0], Roles[1], Roles[2], Databases[place], schema, Roles[3], $"of_{Roles[0]}", Databases[1 - place]];
#pragma warning disable CA2100 // The tests' own text; names are quoted.
        await using var command = new NpgsqlCommand(Room.Named(sql, names), _sessions[place]);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Room.Ct);
    }
}
