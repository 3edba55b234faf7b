using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>What no rule understands is a blocker, by its name.</summary>
public abstract class BlockerTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : BlockerTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : BlockerTests(postgres);

    private const string Wrapper = "CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere; ";

    public static TheoryData<string, string> Cases => new()
    {
        { "CREATE TABLE t (a integer); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON t TO {0} USING (a > 0)", "policy mine on table public.t" },
        { Wrapper + "CREATE USER MAPPING FOR {0} SERVER far", "user mapping for" },
        { Wrapper + "ALTER SERVER far OWNER TO {0}", "server far" },
        { Wrapper + "GRANT USAGE ON FOREIGN SERVER far TO {0}", "server far" },
        { Wrapper + "GRANT USAGE ON FOREIGN DATA WRAPPER nowhere TO {0}", "foreign-data wrapper nowhere" },
        { "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO {0}", "large object 4711" },
        { "SELECT lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO {0}", "large object 4711" },
        { "CREATE PUBLICATION pub; ALTER PUBLICATION pub OWNER TO {0}", "publication pub" },
        { "GRANT USAGE ON LANGUAGE plpgsql TO {0}", "language plpgsql" },
        { "ALTER LANGUAGE plpgsql OWNER TO {0}", "language plpgsql" },
        { "GRANT SET ON PARAMETER log_duration TO {0}", "parameter log_duration" },
        { "CREATE TABLESPACE {2} LOCATION '{folder}'; GRANT CREATE ON TABLESPACE {2} TO {0}", "tablespace ts" },
        { "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; ALTER ROLE {0} SUPERUSER; CREATE EVENT TRIGGER trg ON ddl_command_end EXECUTE FUNCTION ev(); ALTER EVENT TRIGGER trg OWNER TO {0}", "event trigger trg" },
        { "ALTER ROLE {0} SUPERUSER; SET ROLE {0}; CREATE EXTENSION pg_trgm; RESET ROLE", "extension pg_trgm" },
        { "SET ROLE {0}; BEGIN; CREATE TEMP TABLE x (a integer); DROP TABLE x; ROLLBACK; RESET ROLE; BEGIN; SET SESSION AUTHORIZATION {0}; PREPARE TRANSACTION 'mine'; RESET SESSION AUTHORIZATION", "prepared transaction 'mine'" },
        { "INSERT INTO pg_shdepend SELECT d.oid, 'pg_class'::regclass, 'pg_stats'::regclass, 0, 'pg_authid'::regclass, r.oid, 'i' FROM pg_database d, pg_roles r WHERE datname = current_database() AND rolname = {name}", "view pg_stats" },
        { "INSERT INTO pg_shseclabel SELECT oid, 'pg_authid'::regclass, 'guard', 'secret' FROM pg_roles WHERE rolname = {name}", "security label of provider guard" },
    };

    [Theory(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    [MemberData(nameof(Cases))]
    public async Task What_cannot_be_moved_or_copied_is_a_blocker_with_the_objects_name(string sql, string expected)
    {
        await using var room = await Room.OpenAsync(postgres);
        var (login, tablespace) = (await room.NewLoginAsync(), "ts_" + Guid.NewGuid().ToString("N")[..8]);
        var folder = Path.Combine(room.Server.DataDirectory, tablespace);
        if (sql.Contains("TABLESPACE", StringComparison.Ordinal))
            await MakeFolderAsync(room, folder);
        await room.ExecuteAsync("GRANT CREATE ON DATABASE {0} TO {1}", room.Database, login);
        try
        {
            // CREATE TABLESPACE runs in no transaction: one statement at a time.
            var text = sql.Replace("{name}", $"'{login}'", StringComparison.Ordinal).Replace("{folder}", Path.GetFullPath(folder), StringComparison.Ordinal);
            if (text.StartsWith("CREATE TABLESPACE", StringComparison.Ordinal))
            {
                foreach (var statement in text.Split("; "))
                    await room.ExecuteAsync(statement, login, room.Database, tablespace);
            }
            else
            {
                await room.ExecuteAsync("SET allow_system_table_mods = on; " + text, login, room.Database, tablespace);
            }

            var snapshot = await room.ReadAsync(login);
            Assert.Contains(snapshot.Blockers, blocker => blocker.ObjectName.Contains(expected, StringComparison.Ordinal) && blocker.Action.Length > 0);
            Assert.NotEmpty(room.Planner.PlanClone(snapshot, await room.ReadAsync("not_there")).Blockers);
        }
        finally
        {
            if (sql.Contains("PREPARE TRANSACTION", StringComparison.Ordinal))
                await room.ExecuteAsync("ROLLBACK PREPARED 'mine'");
            if (sql.Contains("TABLESPACE", StringComparison.Ordinal))
                await room.ExecuteAsync("DROP TABLESPACE {0}", tablespace);
            await room.ExecuteAsync("SET allow_system_table_mods = on; DELETE FROM pg_shseclabel; DELETE FROM pg_shdepend WHERE deptype = 'i'");
        }
    }

    [Fact]
    public async Task Objects_in_another_database_are_a_blocker_with_its_name_and_their_number()
    {
        await using var room = await Room.OpenAsync(postgres);
        await using var other = await postgres.NewDatabaseAsync("Other \"db\"");
        var login = await room.NewLoginAsync();
        await other.ExecuteAsync($"CREATE SCHEMA s AUTHORIZATION {Room.Quote(login)}; CREATE TABLE s.t (); GRANT SELECT ON s.t TO {Room.Quote(login)}");

        var blocker = Assert.Single((await room.ReadAsync(login)).Blockers);
        Assert.Equal($"database {Room.Quote(other.Name)}: 2 objects", blocker.ObjectName);
    }

    [Fact]
    public async Task Temporary_tables_of_a_live_session_are_none()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await using var session = await room.ConnectAsync(login, "secret");
        await using (var command = session.CreateCommand())
        {
            command.CommandText = "CREATE TEMP TABLE t (id serial, x text); CREATE TYPE pg_temp.e AS ENUM ('a'); CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'";
            await command.ExecuteNonQueryAsync(Room.Ct);
        }

        var snapshot = await room.ReadAsync(login);
        Assert.Empty(snapshot.Blockers);
        Assert.DoesNotContain(snapshot.Facts, fact => fact.IsExclusive);
    }

    private static async Task MakeFolderAsync(Room room, string folder)
    {
        // Made by the server itself, which runs as an account of its own.
        await room.ExecuteAsync($"COPY (SELECT 1) TO PROGRAM 'mkdir -p {Path.GetFullPath(folder)}'");
    }
}
