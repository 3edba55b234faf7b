using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Oracles;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>A login that owns what works in its owner's name, on others' objects and on its own; an application that uses all of it.</summary>
internal sealed class OwnershipScene : IAsyncDisposable
{
    /// <summary>How long a move waits for a lock, and how long the application does before it fails: less than a second try could take.</summary>
    public const int LockTimeout = 200, Patience = 5000;

    /// <summary>{0} the login, {1} a third role, {2} a role that may only read.</summary>
    private const string Objects =
        """
        CREATE ROLE {1}; CREATE ROLE {2};
        ALTER ROLE {0} SET lock_timeout = '{3}ms';
        GRANT {2} TO {0};
        CREATE SCHEMA others; CREATE TABLE others.rates (id integer PRIMARY KEY, rate integer NOT NULL); INSERT INTO others.rates VALUES (1, 7);
        CREATE TABLE others.log (id bigserial, note text); CREATE TABLE others.shown (a integer); ALTER TABLE others.shown ENABLE ROW LEVEL SECURITY;
        INSERT INTO others.shown VALUES (1); CREATE POLICY p ON others.shown TO {0} USING (true);
        GRANT USAGE ON SCHEMA others TO {0}, {2};
        GRANT SELECT ON others.rates TO {2};
        GRANT INSERT ON others.log TO {0}; GRANT USAGE ON SEQUENCE others.log_id_seq TO {0}; GRANT SELECT ON others.shown TO {0};
        ALTER DEFAULT PRIVILEGES FOR ROLE {1} IN SCHEMA others GRANT SELECT ON TABLES TO {0};
        SET ROLE {0};
        CREATE TABLE {0}.parent (id integer PRIMARY KEY); INSERT INTO {0}.parent VALUES (1);
        CREATE TABLE {0}.child (id bigserial PRIMARY KEY, parent integer NOT NULL REFERENCES {0}.parent ON DELETE CASCADE);
        CREATE TABLE {0}.kept (id integer, secret text); REVOKE DELETE, TRUNCATE ON {0}.kept FROM {0}; GRANT SELECT (id) ON {0}.kept TO {1};
        CREATE VIEW {0}.rate AS SELECT r.rate, s.a FROM others.rates AS r, others.shown AS s;
        CREATE VIEW {0}.rate_of_rate AS SELECT rate + a AS n FROM {0}.rate; GRANT SELECT ON {0}.rate_of_rate TO {1};
        CREATE MATERIALIZED VIEW {0}.total AS SELECT count(*) AS n FROM {0}.child;
        CREATE FUNCTION {0}.count_up() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
          AS 'INSERT INTO child (parent) VALUES (1); INSERT INTO others.log (note) VALUES (''counted''); SELECT n::bigint FROM rate_of_rate';
        REVOKE ALL ON FUNCTION {0}.count_up() FROM PUBLIC;
        CREATE FUNCTION {0}.twice() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS 'SELECT count_up() + count_up()';
        CREATE TABLE {0}.ruled (a integer); CREATE RULE r AS ON INSERT TO {0}.ruled DO ALSO INSERT INTO {0}.mine (note) VALUES ('by a rule');
        CREATE TYPE {0}.mood AS ENUM ('good'); CREATE DOMAIN {0}.small AS integer CHECK (VALUE < 10); CREATE SEQUENCE {0}.numbers;
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        RESET ROLE;
        """;

    public static readonly string[] Work =
    [
        "INSERT INTO mine (note) VALUES ('a worker')",
        "SELECT n FROM seen",
        "SELECT twice()",
        "SELECT 1 / (SELECT count(*) FROM rate_of_rate)",
        "INSERT INTO ruled VALUES (1)",
        "INSERT INTO child (parent) VALUES (1)",
        "REFRESH MATERIALIZED VIEW total",
        "SELECT nextval('numbers')",
        "INSERT INTO kept VALUES (1, 'x')",
    ];

    private OwnershipScene(Scene inner) => Inner = inner;

    public Scene Inner { get; }

    public TestDatabase Database => Inner.Database;

    public string Owner { get; private init; } = "";

    public string Third { get; private init; } = "";

    public static async Task<OwnershipScene> CreateAsync(SharedPostgres postgres)
    {
        var inner = await Scene.CreateAsync(
            await postgres.ServerAsync(), change: credential => Task.FromResult(credential with { Option = new Dictionary<string, string> { ["LockTimeout"] = $"{LockTimeout}ms" } }));
        var (third, reader) = (inner.Database.NewRoleName("third"), inner.Database.NewRoleName("reader"));
        var scene = new OwnershipScene(inner) { Owner = inner.Database.NewRoleName("app owner"), Third = third };
        await inner.Database.ExecuteAsync(
            Objects
                .Replace("{0}", Quote(inner.OldLogin), StringComparison.Ordinal)
                .Replace("{1}", Quote(third), StringComparison.Ordinal)
                .Replace("{2}", Quote(reader), StringComparison.Ordinal)
                .Replace("{3}", $"{Patience}", StringComparison.Ordinal)
                .Replace("FROM CURRENT", $"= {Quote(inner.OldLogin)}", StringComparison.Ordinal));
        return scene;
    }

    public Traffic NewTraffic(int workers = 2) => new(Inner, workers, work: Work);

    public OwnershipRequest Request(bool undo = false) => new() { Name = "app", Owner = Owner, Undo = undo };

    public Task<OwnershipChange> ConvertAsync(bool undo = false, Observer? observer = null, CancellationToken? stop = null) =>
        Inner.Service.ConvertOwnershipAsync(Request(undo), observer ?? new Observer(), stop ?? Scene.Ct);

    public async Task<LoginSnapshot> ReadAsync(string username)
    {
        await using var admin = await new PostgreSqlEngine().ConnectAdminAsync(
            Inner.Credential, new(Database.Server.SuperUser, new(Database.Server.SuperPassword)), Scene.Ct);
        return await admin.ReadSnapshotAsync(username, Scene.Ct);
    }

    public async Task<List<PermissionFact>> OwnedAsync(string username) => [.. (await ReadAsync(username)).Facts.Where(fact => fact.IsExclusive)];

    public Task<DumpReading> DumpAsync(string login) => DumpOracle.ReadAsync(Database.Server, DumpRequest.Of(login, [Database.Name], Third), Scene.Ct);

    public async Task<RotationRecord> LastAsync() => (await Inner.Store.ListRotationsAsync(new() { Last = 1 }, Scene.Ct))[0];

    public static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Texts of a test.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Scene.Ct);
    }

    public static string Quote(string name) => PostgresServer.Identifier(name);

    public ValueTask DisposeAsync() => Inner.DisposeAsync();
}
