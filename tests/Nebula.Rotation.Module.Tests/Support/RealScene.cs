using System.Collections;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>A session with the module over the real engine, and a credential of a login that owns things in a database of its own.</summary>
internal sealed class RealScene : IAsyncDisposable
{
    private const string Password = "old-Password.1";

    private readonly PostgresServer _server;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-ending-");
    private readonly ModuleHost _session;

    private RealScene(PostgresServer server)
    {
        _server = server;
        Database = $"ending_{Guid.NewGuid():N}"[..20];
        RotationServices.Provider = null!;
        _session = NewSession(Host);
        _session.Run($"Import-Module '{typeof(SelectFirstObjectCommand).Assembly.Location}'").ThrowIfFailed();
    }

    public TestHost Host { get; } = new();

    public string Database { get; }

    public string OldLogin => $"{Database}_old";

    public string StorePath => Path.Combine(_folder.FullName, "store.db");

    /// <summary>A program that publishing calls; it waits while <see cref="Gate"/> is closed.</summary>
    public string Program => Path.Combine(_folder.FullName, "tell");

    /// <summary>There when the program waits.</summary>
    public string AtGate => Program + ".at";

    /// <summary>There when the program need not wait.</summary>
    public string Gate => Program + ".open";

    public static async Task<RealScene> CreateAsync(PostgresServer server)
    {
        var scene = new RealScene(server);
        var (login, database) = (PostgresServer.Identifier(scene.OldLogin), PostgresServer.Identifier(scene.Database));
        await server.ExecuteAsync($"CREATE DATABASE {database}", ct: Ct);
        await server.ExecuteAsync(
            $"""
            CREATE ROLE {login} LOGIN PASSWORD {PostgresServer.Literal(Password)};
            ALTER ROLE {login} SET statement_timeout = '50s';
            CREATE SCHEMA things;
            CREATE TABLE things.shared (n integer);
            GRANT SELECT, UPDATE ON things.shared TO {login} WITH GRANT OPTION;
            GRANT USAGE, CREATE ON SCHEMA things TO {login};
            SET ROLE {login};
            CREATE TABLE things.mine (n integer);
            CREATE VIEW things.seen AS SELECT n FROM things.mine;
            GRANT SELECT ON things.mine TO PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE {login} GRANT SELECT ON TABLES TO PUBLIC;
            """,
            scene.Database,
            Ct);
        await File.WriteAllTextAsync(scene.Program, $"#!/bin/sh\nexec > /dev/null\n[ -e '{scene.Gate}' ] || : > '{scene.AtGate}'\nwhile [ ! -e '{scene.Gate}' ]; do sleep 0.05; done\n", Ct);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(scene.Program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        scene.OpenGate();
        scene.RunElsewhere(
            $"""
            New-NebulaDbCredential app -DatabaseType PostgreSql -HostName {server.Host} -Port {server.Port} -Database $d -Credential $login -AdminCredential $admin -Store $s
            Add-NebulaPublishTarget -Name app -Kind Command -Path $program -Store $s
            """);
        return scene;
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void OpenGate() => File.WriteAllText(Gate, "");

    public void CloseGate() => File.Delete(Gate);

    /// <summary>Runs a script on another thread, as a pipeline that a test looks at while it runs.</summary>
    public Task<RunResult> Start(string script, Probe seen) => Task.Run(() => _session.Run("param($s, $p) " + script, new Dictionary<string, object> { ["s"] = StorePath, ["p"] = seen }));

    public void Stop() => _session.Stop();

    /// <summary>Runs a script in a session of its own: the other one may have been stopped.</summary>
    public RunResult RunElsewhere(string script)
    {
        using var session = NewSession(new TestHost());
        IDictionary parameters = new Dictionary<string, object>
        {
            ["s"] = StorePath,
            ["d"] = Database,
            ["program"] = Program,
            ["login"] = Logins.Make(OldLogin, Password),
            ["admin"] = Logins.Make(_server.SuperUser, _server.SuperPassword),
        };
        return session.Run("param($s, $d, $program, $login, $admin) " + script, parameters).ThrowIfFailed();
    }

    /// <summary>The name of the login that the store has.</summary>
    public string Live() => ((DatabaseCredential)Assert.Single(RunElsewhere("Get-NebulaDbCredential app -Store $s").Output).BaseObject).Username;

    /// <summary>The newest record, or null.</summary>
    public RotationRecord? LastRecord() => RunElsewhere("Get-NebulaRotation app -Last 1 -Store $s").Output.SingleOrDefault()?.BaseObject as RotationRecord;

    public Task<NpgsqlConnection> OpenAsync(bool asOldLogin = false) =>
        asOldLogin ? _server.OpenAsync(Database, OldLogin, Password, Ct) : _server.OpenAsync(Database, ct: Ct);

    /// <summary>All that is granted, owned, set and agreed on in this database, with the live login's name taken out; and which logins there are.</summary>
    public async Task<string> DescribeAsync(string live)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            SELECT string_agg(line, E'\n' ORDER BY line) FROM (
                SELECT format('owner of %s: %s', relname, pg_get_userbyid(relowner)) AS line FROM pg_class WHERE relnamespace = 'things'::regnamespace
                UNION ALL SELECT format('acl of %s: %s', relname, item) FROM pg_class, unnest(coalesce(relacl, acldefault('r', relowner))) AS item WHERE relnamespace = 'things'::regnamespace
                UNION ALL SELECT format('acl of schema: %s', item) FROM pg_namespace, unnest(coalesce(nspacl, acldefault('n', nspowner))) AS item WHERE nspname = 'things'
                UNION ALL SELECT format('default of %s: %s', pg_get_userbyid(defaclrole), item) FROM pg_default_acl, unnest(defaclacl) AS item
                UNION ALL SELECT format('setting of %s: %s', rolname, item) FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole, unnest(setconfig) AS item WHERE rolname = $1
                UNION ALL SELECT format('can log in: %s', rolname) FROM pg_roles WHERE rolcanlogin AND (rolname = $1 OR rolname = $2 OR rolname LIKE 'app\_%')
            ) AS lines
            """, connection)
        {
            Parameters = { new() { Value = live }, new() { Value = OldLogin } },
        };
        return ((string)(await command.ExecuteScalarAsync(Ct))!).Replace(live, "$app", StringComparison.Ordinal);
    }

    /// <summary>The next test's server has no login of this one's, which it would take for an orphan.</summary>
    public async ValueTask DisposeAsync()
    {
        OpenGate();
        _session.Dispose();
        // Puts the provider back that no test reaches the engine with.
        new Scene().Dispose();
        await _server.ExecuteAsync($"DROP DATABASE IF EXISTS {PostgresServer.Identifier(Database)} WITH (FORCE)");
        await _server.ExecuteAsync(
            $"""
            DO $$
            DECLARE name text;
            BEGIN
                FOR name IN SELECT rolname FROM pg_roles WHERE rolname = {PostgresServer.Literal(OldLogin)} OR rolname LIKE 'app\_%' LOOP
                    EXECUTE format('DROP ROLE %I', name);
                END LOOP;
            END
            $$
            """);
        _folder.Delete(recursive: true);
    }

    private static ModuleHost NewSession(TestHost host) => new(host);
}
