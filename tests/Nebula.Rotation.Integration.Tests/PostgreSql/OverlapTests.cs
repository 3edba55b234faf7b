using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>While both are live, each uses what the other has and makes; afterwards nothing of that is left.</summary>
public abstract class OverlapTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : OverlapTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : OverlapTests(postgres);

    [Fact]
    public async Task The_new_login_alters_what_the_old_one_owns_and_the_old_one_uses_what_the_new_one_makes()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        await room.ExecuteAsync("GRANT CREATE ON DATABASE {0} TO {1}", room.Database, old);
        await room.ExecuteAsAsync(old, "CREATE SCHEMA s; CREATE TABLE s.before (id serial, x text)");
        await room.CloneAsync(old, @new, "pw");

        await using (var session = await room.ConnectAsync(@new, "pw"))
        {
            await RunAsync(session, "ALTER TABLE s.before ADD COLUMN y integer");
            await RunAsync(session, "INSERT INTO s.before (x) VALUES ('a')");
            await RunAsync(session, "CREATE TABLE s.made (id serial, x text)");
            await RunAsync(session, "CREATE FUNCTION s.made_f() RETURNS integer LANGUAGE sql AS 'SELECT 1'");
            await RunAsync(session, "REVOKE ALL ON FUNCTION s.made_f() FROM PUBLIC");
            await RunAsync(session, "CREATE SCHEMA made");
            await RunAsync(session, "CREATE TABLE made.t (x text)");
        }

        await using (var session = await room.ConnectAsync(old, "secret"))
        {
            await RunAsync(session, "INSERT INTO s.made (x) VALUES ('b')");
            await RunAsync(session, "UPDATE s.made SET x = 'c'");
            await RunAsync(session, "DELETE FROM s.made");
            await RunAsync(session, "SELECT s.made_f()");
            await RunAsync(session, "INSERT INTO made.t VALUES ('d')");
            await RunAsync(session, "CREATE TABLE s.late (x text)");
        }

        await room.AssertEqualAsync(old, @new);
        await room.RetireAsync(old, @new);
        Assert.Equal(@new, await room.ScalarAsync<string>("SELECT tableowner::text FROM pg_tables WHERE schemaname = 's' AND tablename = 'late'"));
        Assert.Equal(0L, await room.ScalarAsync<long>("SELECT count(*) FROM pg_default_acl"));
    }

    [Fact]
    public async Task An_undo_while_draining_shares_by_privileges_and_ends_as_it_began()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        await room.ExecuteAsync("GRANT CREATE ON DATABASE {0} TO {1}", room.Database, old);
        await room.ExecuteAsAsync(old, "CREATE SCHEMA s; CREATE TABLE s.t (id serial, x text)");
        var before = await room.ReadAsync(old);
        await room.CloneAsync(old, @new, "pw");
        await using (var session = await room.ConnectAsync(@new, "pw"))
            await RunAsync(session, "CREATE TABLE s.made (id serial, x text)");

        var undo = await room.CloneAsync(@new, old, "unused");
        Assert.DoesNotContain(undo.CloneStatements, statement => statement.Text.StartsWith($"GRANT {Room.Quote(@new)} TO", StringComparison.Ordinal));
        await using (var session = await room.ConnectAsync(old, "secret"))
            await RunAsync(session, "INSERT INTO s.made (x) VALUES ('a')");
        await room.RetireAsync(@new, old);

        var after = await room.ReadAsync(old);
        Assert.Superset(before.Facts.ToHashSet(), after.Facts.ToHashSet());
        Assert.Equal(2, after.Facts.Count - before.Facts.Count); // the table made meanwhile, and its sequence
    }

    [Fact]
    public async Task An_undo_after_the_move_takes_everything_back()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        await room.ExecuteAsync("GRANT CREATE ON DATABASE {0} TO {1}", room.Database, old);
        await room.ExecuteAsAsync(old, "CREATE SCHEMA s; CREATE TABLE s.t (id serial, x text)");
        var before = await room.ReadAsync(old);
        await room.CloneAsync(old, @new, "pw");
        await room.ApplyAsync(room.Planner.PlanBlock(await room.ReadAsync(old)));
        await room.MoveAsync(old, @new);
        await room.ApplyAsync(room.Planner.PlanEndOverlap(await room.ReadAsync(old), await room.ReadAsync(@new)));

        var (retained, live) = (await room.ReadAsync(old), await room.ReadAsync(@new));
        Assert.DoesNotContain(retained.Facts.Concat(live.Facts), fact => fact.ToString().Contains(old, StringComparison.Ordinal) || fact.ToString().Contains(@new, StringComparison.Ordinal));

        var plan = room.Planner.PlanClone(live, retained);
        Assert.Equal($"ALTER ROLE {Room.Quote(old)} WITH LOGIN", Assert.Single(plan.CreateStatements).Text);
        await room.CloneAsync(@new, old);
        await using (var session = await room.ConnectAsync(old, "secret"))
            await RunAsync(session, "ALTER TABLE s.t ADD COLUMN y integer");
        await room.RetireAsync(@new, old);
        Assert.Equal(before.Facts.ToHashSet(), (await room.ReadAsync(old)).Facts.ToHashSet());
    }

    [Fact]
    public async Task Between_any_two_moves_every_query_works_that_acts_in_an_owners_name()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        await room.ExecuteAsync("GRANT CREATE ON DATABASE {0} TO {1}", room.Database, old);
        // A foreign key's check, a view and a security definer function have their owner's rights, not the caller's.
        await room.ExecuteAsAsync(
            old,
            """
            CREATE SCHEMA s;
            CREATE TABLE s.parent (id serial PRIMARY KEY);
            CREATE TABLE s.child (id serial PRIMARY KEY, parent integer NOT NULL REFERENCES s.parent ON DELETE CASCADE);
            CREATE VIEW s.a_view AS SELECT id FROM s.child;
            CREATE VIEW s.z_view AS SELECT id FROM s.a_view;
            CREATE FUNCTION s.counted() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM s.z_view';
            """);
        await room.CloneAsync(old, @new, "pw");
        await MoveUnderUseAsync(room, old, @new, "pw");
        await room.CloneAsync(@new, old);
        await MoveUnderUseAsync(room, @new, old, "secret");
        await room.RetireAsync(@new, old);
    }

    [Fact]
    public async Task A_login_that_owns_and_makes_nothing_needs_no_overlap()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        var plan = await room.CloneAsync(old, @new);
        Assert.DoesNotContain(plan.CloneStatements, statement => statement.Rule == "Overlap");
    }

    [Fact]
    public async Task A_NOINHERIT_owner_is_a_blocker_before_16()
    {
        await using var room = await Room.OpenAsync(postgres);
        var old = await room.NewLoginAsync("old");
        await room.ExecuteAsync("ALTER ROLE {0} NOINHERIT; GRANT CREATE ON DATABASE {1} TO {0}", old, room.Database);
        var source = await room.ReadAsync(old);
        var blockers = room.Planner.PlanClone(source, await room.ReadAsync("not_there")).Blockers;
        if (((PostgreSqlFeatures)source.Server.Features).HasFlag(PostgreSqlFeatures.MembershipOptions))
            Assert.Empty(blockers);
        else
            Assert.Contains("NOINHERIT", Assert.Single(blockers).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Facts_that_came_meanwhile_are_caught_up_with_and_those_that_went_are_taken()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        var (group, other) = (room.NewName("group"), room.NewName("other"));
        await room.ExecuteAsync(
            """
            CREATE ROLE {1}; CREATE ROLE {2};
            CREATE TABLE t (a integer, b integer);
            GRANT SELECT, INSERT ON t TO {0} WITH GRANT OPTION;
            GRANT UPDATE (a) ON t TO {0};
            GRANT {1} TO {0};
            ALTER ROLE {0} SET work_mem = '5MB';
            ALTER ROLE {0} SET jit = off;
            ALTER DEFAULT PRIVILEGES FOR ROLE {2} GRANT SELECT ON TABLES TO {0};
            ALTER DEFAULT PRIVILEGES FOR ROLE {0} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
            COMMENT ON ROLE {0} IS 'one';
            SET ROLE {0}; GRANT SELECT ON t TO {2}; RESET ROLE;
            """, old, group, other);
        await room.CloneAsync(old, @new);
        await room.ExecuteAsync(
            """
            SET ROLE {0}; REVOKE SELECT ON t FROM {2}; GRANT INSERT ON t TO {2}; RESET ROLE;
            REVOKE GRANT OPTION FOR SELECT ON t FROM {0};
            GRANT UPDATE ON t TO {0} WITH GRANT OPTION;
            REVOKE UPDATE (a) ON t FROM {0};
            GRANT SELECT (b) ON t TO {0};
            GRANT {1} TO {0} WITH ADMIN OPTION;
            ALTER ROLE {0} SET work_mem = '6MB';
            ALTER ROLE {0} RESET jit;
            ALTER ROLE {0} SET search_path = x;
            ALTER ROLE {0} CONNECTION LIMIT 3 VALID UNTIL 'infinity';
            ALTER DEFAULT PRIVILEGES FOR ROLE {2} REVOKE SELECT ON TABLES FROM {0};
            ALTER DEFAULT PRIVILEGES FOR ROLE {2} GRANT INSERT ON TABLES TO {0} WITH GRANT OPTION;
            ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
            COMMENT ON ROLE {0} IS NULL;
            """, old, group, other);
        Assert.False(room.Planner.Compare(await room.ReadAsync(old), await room.ReadAsync(@new), afterMove: false).IsEmpty);

        await room.CloneAsync(old, @new);
        var again = room.Planner.PlanClone(await room.ReadAsync(old), await room.ReadAsync(@new));
        Assert.Empty(again.CreateStatements);
        Assert.Empty(again.CloneStatements);
        await room.RetireAsync(old, @new);
    }

    /// <summary>As a rotation does it while its application works, with the application's queries between the steps.</summary>
    private static async Task MoveUnderUseAsync(Room room, string from, string to, string password)
    {
        await room.ApplyAsync(room.Planner.PlanBlock(await room.ReadAsync(from)));
        await using (var session = await room.ConnectAsync(to, password))
        {
            foreach (var step in room.Planner.PlanMove(await room.ReadAsync(from), await room.ReadAsync(to)))
            {
                await room.ApplyAsync(step.Statements);
                await RunAsync(session, "INSERT INTO s.parent DEFAULT VALUES");
                await RunAsync(session, "INSERT INTO s.child (parent) SELECT max(id) FROM s.parent");
                await RunAsync(session, "SELECT s.counted() FROM s.a_view, s.z_view");
                await RunAsync(session, "DELETE FROM s.parent");
            }
        }

        await room.ApplyAsync(room.Planner.PlanEndOverlap(await room.ReadAsync(from), await room.ReadAsync(to)));
    }

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, session);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Room.Ct);
    }
}
