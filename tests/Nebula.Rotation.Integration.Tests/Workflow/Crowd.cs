using System.Globalization;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>Many credentials on one server, whose logins have rights on the same objects, and each something of its own.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    public const int SharedTables = 4;

    private readonly DirectoryInfo _folder;

    private Crowd(TestDatabase database, DirectoryInfo folder, ICredentialStore store, IReadOnlyList<string> logins)
    {
        _folder = folder;
        Database = database;
        Store = store;
        Logins = logins;
        Service = Scene.NewService(store);
    }

    public TestDatabase Database { get; }

    public ICredentialStore Store { get; }

    public RotationService Service { get; }

    /// <summary>As they were at first; number n owns the schema own_n with the table t and the view v.</summary>
    public IReadOnlyList<string> Logins { get; }

    /// <summary>A role that the application grants things to, and takes them from.</summary>
    public required string Reader { get; init; }

    public static string CredentialName(int number) => string.Create(CultureInfo.InvariantCulture, $"app-{number}");

    public static async Task<Crowd> CreateAsync(SharedPostgres postgres, int size, string lockTimeout)
    {
        var database = await postgres.NewDatabaseAsync("crowd");
        var logins = Enumerable.Range(0, size).Select(_ => database.NewRoleName("crowd")).ToList();
        var (group, reader) = (database.NewRoleName("group"), database.NewRoleName("reader"));
        var sql = new List<string> { $"CREATE ROLE {group}", $"CREATE ROLE {reader}" };
        sql.AddRange(Enumerable.Range(0, SharedTables).Select(table => $"CREATE TABLE public.shared_{table} (a integer, b integer)"));
        for (var number = 0; number < size; number++)
        {
            var login = logins[number];
            sql.Add($"CREATE ROLE {login} LOGIN PASSWORD 'secret'");
            sql.Add($"GRANT {group} TO {login}");
            sql.Add($"GRANT CONNECT, TEMPORARY ON DATABASE {database.Name} TO {login}");
            for (var table = 0; table < SharedTables; table++)
                sql.Add($"GRANT SELECT, INSERT, UPDATE (b) ON public.shared_{table} TO {login} WITH GRANT OPTION");
            sql.Add($"CREATE SCHEMA own_{number} AUTHORIZATION {login}");
            sql.Add($"CREATE TABLE own_{number}.t (a bigserial PRIMARY KEY)");
            sql.Add($"ALTER TABLE own_{number}.t OWNER TO {login}");
            sql.Add($"CREATE VIEW own_{number}.v AS SELECT 1 AS one");
            sql.Add($"ALTER VIEW own_{number}.v OWNER TO {login}");
            sql.Add($"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {login}");
        }

        await database.ExecuteAsync(string.Join(";\n", sql));
        var folder = Directory.CreateTempSubdirectory("nebula-crowd-");
        var crowd = new Crowd(database, folder, await Scene.OpenStoreAsync(Path.Combine(folder.FullName, "store.db"), create: true), logins) { Reader = reader };
        for (var number = 0; number < size; number++)
        {
            await crowd.Service.AddAsync(
                new()
                {
                    Credential = Room.CredentialFor(database.Server, database.Name, logins[number]) with
                    {
                        Name = CredentialName(number),
                        Option = new Dictionary<string, string> { ["LockTimeout"] = lockTimeout },
                    },
                    Login = new(logins[number], new("secret")),
                    Admin = new(database.Server.SuperUser, new(database.Server.SuperPassword)),
                },
                Scene.Ct);
        }

        return crowd;
    }

    public async Task<RotationRecord> RotateAsync(int number, IRotationObserver observer)
    {
        var record = await Service.RotateAsync(new() { Name = CredentialName(number), GracePeriod = TimeSpan.FromMilliseconds(100) }, observer, Scene.Ct);
        lock (Database)
            Database.Adopt(record.NewUsername);
        return record;
    }

    public Task<Login> LiveAsync(int number) => Service.GetLoginAsync(CredentialName(number), DatabaseCredential.DefaultScope, Scene.Ct);

    public async ValueTask DisposeAsync()
    {
        foreach (var record in await Store.ListRotationsAsync(new(), CancellationToken.None))
            Database.Adopt(record.NewUsername);
        await Service.DisposeAsync();
        await Database.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
