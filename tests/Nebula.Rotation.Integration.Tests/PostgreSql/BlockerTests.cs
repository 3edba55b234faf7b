using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>What no rule understands is a blocker, by its name.</summary>
public abstract class BlockerTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : BlockerTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : BlockerTests(postgres);

    public static TheoryData<string, string> Cases => new()
    {
        { "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; ALTER ROLE {0} SUPERUSER; CREATE EVENT TRIGGER trg ON ddl_command_end EXECUTE FUNCTION ev(); ALTER EVENT TRIGGER trg OWNER TO {0}; ALTER ROLE {0} NOSUPERUSER", "event trigger trg" },
        { "CREATE FOREIGN DATA WRAPPER nowhere; ALTER ROLE {0} SUPERUSER; ALTER FOREIGN DATA WRAPPER nowhere OWNER TO {0}; ALTER ROLE {0} NOSUPERUSER", "foreign-data wrapper nowhere in database" },
        { "SET ROLE {0}; BEGIN; CREATE TEMP TABLE x (a integer); DROP TABLE x; ROLLBACK; RESET ROLE; BEGIN; SET SESSION AUTHORIZATION {0}; PREPARE TRANSACTION 'mine'; RESET SESSION AUTHORIZATION", "prepared transaction 'mine'" },
        { "INSERT INTO pg_shdepend SELECT d.oid, 'pg_class'::regclass, 'pg_stats'::regclass, 0, 'pg_authid'::regclass, r.oid, 'i' FROM pg_database d, pg_roles r WHERE datname = current_database() AND rolname = {name}", "view pg_stats" },
    };

    [Theory(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    [MemberData(nameof(Cases))]
    public async Task What_cannot_be_moved_or_copied_is_a_blocker_with_the_objects_name(string sql, string expected)
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await room.ExecuteAsync("GRANT CREATE ON DATABASE {0} TO {1}", room.Database, login);
        try
        {
            var text = sql.Replace("{name}", $"'{login}'", StringComparison.Ordinal);
            await room.ExecuteAsync("SET allow_system_table_mods = on; " + text, login, room.Database);

            var plan = room.Planner.PlanClone(await room.ReadAsync(login), await room.ReadAsync("not_there"));
            Assert.Contains(plan.Blockers, blocker => blocker.ObjectName.Contains(expected, StringComparison.Ordinal) && blocker.Action.Length > 0);
        }
        finally
        {
            if (sql.Contains("PREPARE TRANSACTION", StringComparison.Ordinal))
                await room.ExecuteAsync("ROLLBACK PREPARED 'mine'");
            await room.ExecuteAsync($"SET allow_system_table_mods = on; {Forget(login)}");
        }
    }

    [Theory]
    [InlineData("ALLOW_CONNECTIONS false", "allows no connections", "ALLOW_CONNECTIONS true")]
    [InlineData("IS_TEMPLATE true", "is a template", "IS_TEMPLATE false")]
    public async Task A_database_that_cannot_be_visited_is_a_blocker_with_its_name(string how, string reason, string action)
    {
        await using var room = await Room.OpenAsync(postgres);
        await using var other = await postgres.NewDatabaseAsync("Other \"db\"");
        var login = await room.NewLoginAsync();
        await other.ExecuteAsync($"CREATE SCHEMA s AUTHORIZATION {Room.Quote(login)}; CREATE TABLE s.t (); GRANT SELECT ON s.t TO {Room.Quote(login)}");
        Assert.Empty((await room.ReadAsync(login)).Blockers);
        await room.ExecuteAsync($"ALTER DATABASE {{0}} {how}", other.Name);
        try
        {
            var blocker = Assert.Single((await room.ReadAsync(login)).Blockers);
            Assert.Equal($"database {Room.Quote(other.Name)}", blocker.ObjectName);
            Assert.Contains(reason, blocker.Reason, StringComparison.Ordinal);
            Assert.Contains(action, blocker.Action, StringComparison.Ordinal);

            // A setting is read and set from anywhere.
            await room.ExecuteAsync("ALTER ROLE {1} IN DATABASE {0} SET search_path = x", other.Name, await room.NewLoginAsync("another"));
        }
        finally
        {
            await room.ExecuteAsync("ALTER DATABASE {0} ALLOW_CONNECTIONS true", other.Name);
            await room.ExecuteAsync("ALTER DATABASE {0} IS_TEMPLATE false", other.Name);
        }
    }

    [Fact]
    public async Task What_cannot_be_copied_in_another_database_is_a_blocker_with_both_names()
    {
        await using var room = await Room.OpenAsync(postgres);
        await using var other = await postgres.NewDatabaseAsync("Other \"db\"");
        var login = await room.NewLoginAsync();
        await other.ExecuteAsync(
            $"""
            SET allow_system_table_mods = on;
            INSERT INTO pg_shdepend SELECT d.oid, 'pg_class'::regclass, 'pg_stats'::regclass, 0, 'pg_authid'::regclass, r.oid, 'i'
            FROM pg_database d, pg_roles r WHERE datname = current_database() AND rolname = '{login}'
            """);
        try
        {
            Assert.Equal($"view pg_stats in database {Room.Quote(other.Name)}", Assert.Single((await room.ReadAsync(login)).Blockers).ObjectName);
        }
        finally
        {
            await other.ExecuteAsync($"SET allow_system_table_mods = on; {Forget(login)}");
        }
    }

    /// <summary>Of this login's alone: the catalog is the whole server's, and others' tests have entries of the kind in it.</summary>
    private static string Forget(string login) => $"DELETE FROM pg_shdepend WHERE deptype = 'i' AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = '{login}')";

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

    [Fact]
    public async Task Initial_privileges_of_an_extension_that_name_the_login_are_a_blocker_and_keep_no_number_of_a_dropped_role()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await room.ExecuteAsync("ALTER ROLE {0} SUPERUSER; SET ROLE {0}; CREATE EXTENSION pg_stat_statements; RESET ROLE", login);
        var snapshot = await room.ReadAsync(login);
        Assert.Contains(snapshot.Blockers, blocker => blocker.ObjectName == "view public.pg_stat_statements");
        Assert.All(snapshot.Blockers, blocker => Assert.Contains("extension", blocker.Reason, StringComparison.Ordinal));
    }
}
