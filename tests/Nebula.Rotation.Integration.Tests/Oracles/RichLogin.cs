using System.Globalization;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Oracles;

/// <summary>A login with at least one of everything that the oracle reads, in a database of its own, made by hand.</summary>
internal sealed class RichLogin : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly string _login;
    private readonly string _group;
    private readonly string _other;
    private readonly bool _isTwin;

    private RichLogin(TestDatabase database, string login, string group, string other, bool isTwin)
    {
        _database = database;
        _login = login;
        _group = group;
        _other = other;
        _isTwin = isTwin;
    }

    /// <summary>Two logins that are compared need the same names around them: of the database, the group and the member.</summary>
    public static async Task<RichLogin> CreateAsync(SharedPostgres postgres, string nameLike, RichLogin? twin)
    {
        var database = twin?._database ?? await postgres.NewDatabaseAsync("Rich \"db'");
        var group = twin?._group ?? database.NewRoleName("group");
        var other = twin?._other ?? database.NewRoleName("other");
        var login = new RichLogin(database, database.NewRoleName(nameLike), group, other, twin is not null);
        if (twin is null)
            await login.ExecuteAsync(Surroundings);
        await login.ExecuteAsync(Rights);
        return login;
    }

    /// <summary>Runs statements; {0} is the login, {1} the group, {2} the database, {3} the other role, all quoted.</summary>
    public Task ExecuteAsync(string sql) => _database.ExecuteAsync(string.Format(
        CultureInfo.InvariantCulture, sql,
        PostgresServer.Identifier(_login), PostgresServer.Identifier(_group), PostgresServer.Identifier(_database.Name), PostgresServer.Identifier(_other)));

    public Task<DumpReading> ReadAsync() =>
        DumpOracle.ReadAsync(_database.Server, DumpRequest.Of(_login, [_database.Name]).OnlyTheLogin(), TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _isTwin ? ValueTask.CompletedTask : _database.DisposeAsync();

    private const string Surroundings = """
        CREATE ROLE {1};
        CREATE ROLE {3};
        CREATE SCHEMA s;
        CREATE TABLE s.t (a integer);
        CREATE TABLE s.c (a integer, b integer);
        -- Npgsql sends the statements one by one, and does not know this kind of body.
        DO $do$ BEGIN EXECUTE $f$
          CREATE FUNCTION s.f(a integer, b text DEFAULT 'TO x'::text) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END
        $f$; END $do$;
        REVOKE EXECUTE ON FUNCTION s.f(integer, text) FROM PUBLIC;
        CREATE SEQUENCE s.q;
        CREATE TYPE s.e AS ENUM ('a;b');
        REVOKE USAGE ON TYPE s.e FROM PUBLIC;
        SELECT lo_create(4711);
        CREATE FOREIGN DATA WRAPPER nowhere;
        CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
        """;

    private const string Rights = """
        CREATE ROLE {0} LOGIN CREATEDB CONNECTION LIMIT 5 PASSWORD 'x' VALID UNTIL '2031-02-03 04:05:06+00';
        COMMENT ON ROLE {0} IS 'it''s; the application''s';
        ALTER ROLE {0} SET work_mem = '7MB';
        ALTER ROLE {0} IN DATABASE {2} SET search_path = s, "$user", public;
        GRANT {1} TO {0} WITH ADMIN OPTION;
        GRANT {0} TO {3};
        GRANT CONNECT ON DATABASE {2} TO {0};
        GRANT USAGE ON SCHEMA s TO {0} WITH GRANT OPTION;
        GRANT SELECT ON s.t TO {0} WITH GRANT OPTION;
        GRANT INSERT, UPDATE ON s.t TO {0};
        GRANT SELECT (a) ON s.c TO {0};
        GRANT EXECUTE ON FUNCTION s.f(integer, text) TO {0};
        GRANT USAGE ON SEQUENCE s.q TO {0};
        GRANT USAGE ON TYPE s.e TO {0};
        GRANT SELECT ON LARGE OBJECT 4711 TO {0};
        GRANT SET ON PARAMETER log_duration TO {0};
        SET ROLE {0};
        GRANT SELECT ON s.t TO {3};
        RESET ROLE;
        ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO {0};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT USAGE ON SEQUENCES TO {1};
        DROP TABLE IF EXISTS s.owned;
        CREATE TABLE s.owned ();
        ALTER TABLE s.owned OWNER TO {0};
        DROP POLICY IF EXISTS p ON s.t;
        CREATE POLICY p ON s.t TO {0} USING (a > 0);
        CREATE USER MAPPING FOR {0} SERVER far;
        """;
}
