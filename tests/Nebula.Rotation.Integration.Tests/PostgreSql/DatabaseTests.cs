using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>A login that has something in several databases.</summary>
public abstract class DatabaseTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : DatabaseTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : DatabaseTests(postgres);

    /// <summary>{0} login, {1} another role, {2} the database.</summary>
    private const string Everywhere =
        """
        ALTER ROLE {0} IN DATABASE {2} SET statement_timeout = '44s';
        CREATE SCHEMA shared;
        CREATE TABLE shared.t (a integer, b integer);
        CREATE SEQUENCE shared.q;
        GRANT USAGE ON SCHEMA shared TO {0}, {1};
        GRANT SELECT, INSERT ON shared.t TO {0} WITH GRANT OPTION;
        GRANT UPDATE (b) ON shared.t TO {0};
        GRANT USAGE ON SEQUENCE shared.q TO {0};
        GRANT CREATE, TEMPORARY ON DATABASE {2} TO {0};
        CREATE SCHEMA {0} AUTHORIZATION {0};
        ALTER DEFAULT PRIVILEGES IN SCHEMA shared GRANT SELECT ON TABLES TO {0};
        SET ROLE {0};
        GRANT SELECT ON shared.t TO {1};
        CREATE TABLE {0}.mine (id bigserial PRIMARY KEY, x text);
        INSERT INTO {0}.mine (x) VALUES ('kept');
        CREATE VIEW {0}.seen AS SELECT * FROM {0}.mine;
        CREATE FUNCTION {0}.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$SELECT 1::bigint$$;
        GRANT SELECT ON {0}.mine TO {1};
        ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT ON TABLES TO {1};
        RESET ROLE;
        """;

    [Fact]
    public async Task Rights_and_objects_in_three_databases_are_all_the_new_logins()
    {
        await using var scene = await Scene.CreateAsync(postgres, "Ünï \"app\"");
        await using var second = await postgres.NewDatabaseAsync("Second \"db'");
        await using var third = await postgres.NewDatabaseAsync("third");
        var other = await second.NewLoginAsync("other");
        foreach (var database in new[] { second, third })
            await database.ExecuteAsync(Named(Everywhere, scene.OldLogin, other, database.Name));
        await third.ExecuteAsync(Named("ALTER ROLE {0} IN DATABASE {2} SET search_path = shared, \"$user\"; ALTER DATABASE {2} OWNER TO {0}", scene.OldLogin, other, third.Name));
        string[] names = [scene.Database.Name, second.Name, third.Name, "postgres"];
        var before = await DumpOracle.ReadAsync(scene.Database.Server, DumpRequest.Of(scene.OldLogin, names, other), Scene.Ct);
        Assert.True(before.CountOfLogin(DumpKind.Owner) >= 12, $"{before.CountOfLogin(DumpKind.Owner)} owners");
        Assert.True(before.CountOfLogin(DumpKind.DefaultPrivilege) >= 5, $"{before.CountOfLogin(DumpKind.DefaultPrivilege)} default privileges");

        var plan = await scene.Service.PlanAsync(Scene.Request(), Scene.Ct);
        Assert.Empty(plan.Blockers);
        Assert.Equal(3, plan.Warnings.Count(warning => warning.Contains("$user", StringComparison.Ordinal)));
        Assert.Contains(plan.Statements, statement => statement.Database == third.Name && statement.Text.StartsWith("GRANT USAGE ON SEQUENCE shared.q", StringComparison.Ordinal));
        foreach (var database in new[] { second.Name, third.Name })
        {
            Assert.Contains(plan.Facts, fact => fact is { Kind: FactKinds.SearchPath } && fact.Database == database);
            Assert.True(plan.Facts.Count(fact => fact.Kind == FactKinds.Owner && fact.Database == database) >= 5);
            Assert.True(plan.Facts.Count(fact => fact.Kind is FactKinds.Privilege or FactKinds.GrantedPrivilege && fact.Database == database) >= 6);
        }

        var old = await scene.LiveAsync();
        await using (var session = await OpenAsync(second, old))
        {
            var draining = await scene.RotateAsync(Scene.Request(noWait: true));
            Assert.Equal(RotationState.Draining, draining.State);
            var @new = await scene.LiveAsync();

            // While both are live, each uses what the other makes, in every database.
            await RunAsync(session, "CREATE TABLE made_by_old (a integer)");
            await using (var early = await OpenAsync(second, @new))
                await RunAsync(early, "CREATE TABLE made_by_new (a integer); INSERT INTO made_by_old VALUES (1); ALTER TABLE made_by_old ADD b integer; SELECT * FROM mine");
            await RunAsync(session, "INSERT INTO made_by_new VALUES (1); DROP TABLE made_by_old");
            await using (var early = await OpenAsync(second, @new))
                await RunAsync(early, "DROP TABLE made_by_new");
        }

        var completed = scene.Track(await scene.Service.ResumeAsync(Scene.Request(), new Observer(), Scene.Ct));
        Assert.Equal(RotationState.Completed, completed.State);
        var live = await scene.LiveAsync();
        await using (var session = await OpenAsync(third, live))
            await RunAsync(session, "SELECT * FROM t; SELECT nextval('q'); INSERT INTO mine (x) VALUES ('new')");
        var diff = DumpOracle.Diff(before, await DumpOracle.ReadAsync(scene.Database.Server, DumpRequest.Of(live.Username, names, other), Scene.Ct), DumpRule.PinnedSearchPath);
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Fact]
    public async Task What_fails_in_another_database_takes_the_login_back_in_all_of_them()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await using var second = await postgres.NewDatabaseAsync("a second");
        await using var third = await postgres.NewDatabaseAsync("third");
        var other = await second.NewLoginAsync("other");
        foreach (var database in new[] { second, third })
            await database.ExecuteAsync(Named(Everywhere, scene.OldLogin, other, database.Name));
        await third.ExecuteAsync(
            """
            CREATE FUNCTION forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_type = 'SEQUENCE') THEN RAISE 'not on my watch'; END IF;
            END $$;
            CREATE EVENT TRIGGER guard ON ddl_command_end WHEN TAG IN ('GRANT') EXECUTE FUNCTION forbid();
            """);
        var request = DumpRequest.Of(scene.OldLogin, [scene.Database.Name, second.Name, third.Name], other);
        var before = await DumpOracle.ReadAsync(scene.Database.Server, request, Scene.Ct);

        var error = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.ClonePermissionsFailed, error.Code);
        Assert.Contains("not on my watch", error.Message, StringComparison.Ordinal);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        var diff = DumpOracle.Diff(before, await DumpOracle.ReadAsync(scene.Database.Server, request, Scene.Ct));
        Assert.True(diff.IsEmpty, diff.ToString());

        await third.ExecuteAsync("DROP EVENT TRIGGER guard");
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    [Fact]
    public async Task Each_database_is_a_transaction_of_its_own_and_a_lock_there_is_waited_for()
    {
        await using var room = await Room.OpenAsync(postgres, options: new Dictionary<string, string> { ["LockTimeout"] = "50ms" });
        await using var other = await postgres.NewDatabaseAsync("other");
        var login = room.NewName();
        await other.ExecuteAsync("CREATE TABLE t ()");
        await using var holder = await other.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync(Room.Ct);
        await RunAsync(holder, "GRANT SELECT ON t TO PUBLIC");

        // Two lock timeouts and more go by before it is released.
        var release = Task.Run(async () =>
        {
            await Task.Delay(400, Room.Ct);
            await transaction.CommitAsync(Room.Ct);
        }, Room.Ct);
        await room.ApplyAsync([Statement($"CREATE ROLE {Room.Quote(login)} LOGIN"), Statement($"GRANT SELECT ON public.t TO {Room.Quote(login)}", other.Name)]);
        await release;
        var fact = Assert.Single((await room.ReadAsync(login)).Facts, fact => fact.Kind == FactKinds.Privilege);
        Assert.Equal(other.Name, fact.Database);

        // Only what was committed before stays: the role.
        var late = room.NewName();
        await using (var unit = await room.Admin.BeginAsync(Room.Ct))
            await unit.ApplyAsync([Statement($"CREATE ROLE {Room.Quote(late)} LOGIN"), Statement($"GRANT SELECT ON public.t TO {Room.Quote(late)}", other.Name)], null, Room.Ct);
        Assert.DoesNotContain((await room.ReadAsync(late)).Facts, found => found.Kind == FactKinds.Privilege);
        await other.ExecuteAsync($"DROP OWNED BY {Room.Quote(login)}");
    }

    [Fact]
    public async Task A_predecessors_session_in_another_database_is_ended_with_it()
    {
        await using var room = await Room.OpenAsync(postgres);
        await using var other = await postgres.NewDatabaseAsync("other");
        var admin = new Login(room.Server.SuperUser, new(room.Server.SuperPassword));
        await using var dead = await room.Engine.ConnectAdminAsync(room.Credential, admin, Room.Ct);
        await dead.LockTargetAsync("app", Room.Ct);
        await using var unit = await dead.BeginAsync(Room.Ct);
        await unit.ApplyAsync([Statement("CREATE TABLE public.half_done ()", other.Name)], null, Room.Ct);

        // The main connection is gone already: what is left works on.
        await room.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        await room.Admin.LockTargetAsync("app", Room.Ct);

        await Assert.ThrowsAsync<RotationException>(() => unit.CommitAsync(Room.Ct));
        await room.ApplyAsync([Statement("CREATE TABLE public.half_done ()", other.Name)]);
    }

    [Fact]
    public async Task A_login_with_nothing_but_a_setting_there_has_it_afterwards()
    {
        await using var room = await Room.OpenAsync(postgres);
        await using var other = await postgres.NewDatabaseAsync("other");
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        await other.ExecuteAsync(Named("CREATE SCHEMA {0}; ALTER ROLE {0} IN DATABASE {1} SET search_path = \"$user\", x", old, other.Name));
        await room.CloneAsync(old, @new);
        Assert.Equal($"search_path={old}, x", await room.ScalarAsync<string>($"SELECT setconfig[1] FROM pg_db_role_setting WHERE setrole = '{@new}'::regrole"));
        await room.RetireAsync(old, @new);
    }

    [Fact]
    public async Task Two_names_take_turns_in_two_databases_and_have_the_same_in_both_at_each_turn()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await using var second = await postgres.NewDatabaseAsync("Second \"db'");
        var other = await second.NewLoginAsync("other");
        await second.ExecuteAsync(Named(Everywhere, scene.OldLogin, other, second.Name));
        var flip = new RotationRequest { Name = "app", Strategy = RotationStrategy.AlternatingUsers, GracePeriod = TimeSpan.FromMilliseconds(100) };
        await using var admin = await new PostgreSqlEngine().ConnectAdminAsync(
            scene.Credential, new(second.Server.SuperUser, new(second.Server.SuperPassword)), Scene.Ct);
        var first = await admin.ReadSnapshotAsync(scene.OldLogin, Scene.Ct);
        Assert.All([scene.Database.Name, second.Name], database => Assert.True(first.Facts.Count(fact => fact.Database == database) >= 8, database));
        var plan = await scene.Service.PlanAsync(flip, Scene.Ct);
        Assert.Contains(plan.Statements, statement => statement.Database == second.Name && statement.Text.StartsWith("REVOKE SELECT ON TABLE shared.t FROM", StringComparison.Ordinal));

        string[] names = [scene.OldLogin, scene.OldLogin + "_b"];
        for (var turn = 1; turn <= 3; turn++)
        {
            Assert.Equal(RotationState.Completed, (await scene.RotateAsync(flip)).State);
            var live = await admin.ReadSnapshotAsync(names[turn % 2], Scene.Ct);
            var idle = await admin.ReadSnapshotAsync(names[1 - (turn % 2)], Scene.Ct);
            Assert.Equal(live.Username, (await scene.LiveAsync()).Username);
            // The path is pinned at the first turn, which says the same in other words.
            Assert.Equal(first.Facts.ToHashSet(), live.Facts.ToHashSet());

            // In no database does anybody have anything through the idle one, or would have what it might make.
            Assert.False(idle.CanLogIn);
            Assert.DoesNotContain(idle.Facts, fact => fact.IsExclusive || fact.Kind is FactKinds.GrantedPrivilege or FactKinds.HasMember || fact.Grantor == Room.Quote(live.Username));
            await using var session = await OpenAsync(second, await scene.LiveAsync());
            await RunAsync(session, "INSERT INTO mine (x) VALUES ('a turn'); SELECT * FROM seen; SELECT nextval('shared.q'); INSERT INTO shared.t VALUES (1, 2)");
        }
    }

    private static PlannedStatement Statement(string text, string? database = null) => new() { Stage = RotationStage.ClonePermissions, Text = text, Database = database };

    private static Task<NpgsqlConnection> OpenAsync(TestDatabase database, Login login) => database.OpenAsync(login.Username, login.Password.Reveal());

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, session);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Room.Ct);
    }

    private static string Named(string sql, params string[] names)
    {
        for (var index = 0; index < names.Length; index++)
            sql = sql.Replace($"{{{index}}}", PostgresServer.Identifier(names[index]), StringComparison.Ordinal);
        return sql;
    }
}
