using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Admins;

/// <summary>Whole rotations by admins that are no superusers, on real servers.</summary>
public abstract class AdminTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : AdminTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : AdminTests(postgres);

    /// <summary>What <see cref="Traffic"/> works on, made by the admin, which owns the database; the login owns a schema, tables and a view, and has made a grant of its own.</summary>
    private const string Application =
        """
        ALTER DATABASE {3} OWNER TO {1};
        SET SESSION AUTHORIZATION {1};
        CREATE TABLE public.shared (id integer PRIMARY KEY, n integer NOT NULL);
        INSERT INTO public.shared VALUES (1, 0);
        GRANT SELECT, UPDATE ON public.shared TO {0} WITH GRANT OPTION;
        GRANT CREATE ON DATABASE {3} TO {0};
        GRANT CONNECT ON DATABASE {3} TO {0};
        CREATE ROLE {5};
        GRANT {5} TO {0};
        ALTER ROLE {0} SET statement_timeout = '50s';
        ALTER ROLE {0} SET search_path = shop, public;
        COMMENT ON ROLE {0} IS 'the application';
        RESET SESSION AUTHORIZATION;
        SET SESSION AUTHORIZATION {0};
        CREATE SCHEMA shop;
        CREATE TABLE shop.mine (id bigserial PRIMARY KEY, note text NOT NULL);
        CREATE VIEW shop.seen AS SELECT count(*) AS n FROM shop.mine;
        GRANT SELECT ON shop.mine TO {4};
        GRANT SELECT ON public.shared TO {4};
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {4};
        RESET SESSION AUTHORIZATION;
        """;

    /// <summary>What a managed server gives the admin beside: a group with the predefined roles that such servers hand out.</summary>
    private const string Managed =
        """
        CREATE ROLE {6};
        GRANT pg_monitor, pg_signal_backend TO {6} WITH ADMIN OPTION;
        GRANT {6} TO {1};
        DO $do$ BEGIN
          IF current_setting('server_version_num')::int >= 160000 THEN
            ALTER ROLE {1} SET createrole_self_grant = 'set, inherit';
          END IF;
        END $do$;
        SET SESSION AUTHORIZATION {1};
        GRANT pg_monitor TO {0};
        RESET SESSION AUTHORIZATION;

        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rotations_and_an_undo_by_an_admin_that_made_everything_fail_no_query_and_lose_nothing(bool isManaged)
    {
        await using var admin = await CreateAsync(Application, isManaged);
        var scene = admin.Scene;
        Assert.Empty(await admin.MissingAsync());
        var before = await admin.ReadAsync(scene.OldLogin);
        await using (var traffic = new Traffic(scene))
        {
            for (var round = 0; round < 2; round++)
            {
                await traffic.FlowsAsync(30);
                var record = await scene.RotateAsync();
                Assert.Equal(RotationState.Completed, record.State);
                Assert.Null(record.Message);
            }

            await traffic.FlowsAsync(30);
            var live = (await scene.LiveAsync()).Username;
            await scene.RotateAsync(Scene.Request(noWait: true));
            await traffic.FlowsAsync(30);
            Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
            Assert.Equal(live, (await scene.LiveAsync()).Username);
            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal([(await scene.LiveAsync()).Username], await scene.LoginsAsync());
        AssertSame(before, await admin.ReadAsync((await scene.LiveAsync()).Username));
    }

    [Fact]
    public async Task Two_names_take_turns_by_such_an_admin()
    {
        await using var admin = await CreateAsync(Application);
        var scene = admin.Scene;
        var before = await admin.ReadAsync(scene.OldLogin);
        await using (var traffic = new Traffic(scene))
        {
            for (var flip = 0; flip < 3; flip++)
            {
                await traffic.FlowsAsync(30);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync(new() { Name = "app", Strategy = RotationStrategy.AlternatingUsers, GracePeriod = TimeSpan.FromMilliseconds(100) })).State);
            }

            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal(scene.OldLogin + "_b", (await scene.LiveAsync()).Username);
        AssertSame(before, await admin.ReadAsync(scene.OldLogin + "_b"));
    }

    [Fact]
    public async Task Sessions_are_seen_and_ended_by_such_an_admin()
    {
        await using var admin = await CreateAsync(Application);
        var scene = admin.Scene;
        await using var victim = await scene.ConnectAsync(await scene.LiveAsync());
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var record = scene.Track(await scene.Service.RotateAsync(
            new() { Name = "app", GracePeriod = TimeSpan.FromMilliseconds(100), DrainTimeout = TimeSpan.FromMilliseconds(300), OnDrainTimeout = DrainTimeoutAction.Terminate },
            new Observer
            {
                Progressed = progress =>
                {
                    // The session of our own check at Prepare may be there beside it for a moment.
                    if (progress.Stage == RotationStage.Drain && progress.Activity.Contains(" from 127.0.0.1", StringComparison.Ordinal))
                        seen.TrySetResult();
                },
            },
            Scene.Ct));

        Assert.Equal(RotationState.Completed, record.State);
        Assert.True(seen.Task.IsCompletedSuccessfully);
        await using var command = new NpgsqlCommand("SELECT 1", victim);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync(Scene.Ct));
    }

    [Fact]
    public async Task What_others_granted_stays_with_a_login_that_is_disabled_for_good_and_the_next_one_is_dropped()
    {
        const string Shared =
            """
            CREATE TABLE public.shared (id integer); CREATE TABLE public.mine (id integer); ALTER TABLE public.mine OWNER TO {0};
            GRANT SELECT ON public.shared TO {0};
            GRANT SELECT ON public.shared TO {1} WITH GRANT OPTION;
            GRANT CREATE ON SCHEMA public TO {1} WITH GRANT OPTION;
            GRANT {0} TO {4};
            """;
        await using var admin = await CreateAsync(Shared);
        var scene = admin.Scene;
        var before = await admin.ReadAsync(scene.OldLogin);
        var plan = await scene.Service.PlanAsync(new() { Name = "app" }, Scene.Ct);
        Assert.True(plan.CanRotate, string.Join("; ", plan.Blockers));
        Assert.Contains(plan.Warnings, warning => warning.Contains("disabled for good", StringComparison.Ordinal) && warning.Contains("SELECT on TABLE public.shared", StringComparison.Ordinal));
        Assert.DoesNotContain(plan.Statements, statement => statement.Text.StartsWith("DROP ROLE", StringComparison.Ordinal));

        var stages = new List<StageResult>();
        var first = scene.Track(await scene.Service.RotateAsync(Scene.Request(), new Observer { Staged = stages.Add }, Scene.Ct));

        Assert.Equal(RotationState.Completed, first.State);
        Assert.Contains("disabled for good", first.Message, StringComparison.Ordinal);
        Assert.Contains($"\"{scene.Database.Server.SuperUser}\" granted (SELECT on TABLE public.shared)", Assert.Single(stages, stage => stage.Stage == RotationStage.Retire).Message, StringComparison.Ordinal);
        Assert.True(await IsDisabledAsync(scene, scene.OldLogin));
        AssertSame(before, await admin.ReadAsync(first.NewUsername));
        Assert.Equal(first.RotationId, (await scene.Service.ResumeAsync(new() { Name = "app" }, new Observer(), Scene.Ct)).RotationId);

        // An undo gives it a password again; then the way forward once more.
        Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
        Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
        AssertSame(before, await admin.ReadAsync(scene.OldLogin));
        first = await scene.RotateAsync();
        Assert.True(await IsDisabledAsync(scene, scene.OldLogin));

        // Its successor has everything from the admin.
        var second = await scene.RotateAsync();
        Assert.Null(second.Message);
        Assert.Equal([scene.OldLogin, second.NewUsername], (await scene.LoginsAsync()).OrderBy(name => name != scene.OldLogin));
        AssertSame(before, await admin.ReadAsync(second.NewUsername));
    }

    [Fact]
    public async Task A_login_that_is_kept_for_a_while_is_disabled_for_good_when_its_time_is_over()
    {
        await using var admin = await CreateAsync("CREATE TABLE public.t (id integer); GRANT SELECT ON public.t TO {0}; GRANT SELECT ON public.t TO {1} WITH GRANT OPTION;");
        var scene = admin.Scene;
        Assert.Equal(RotationState.Retained, (await scene.RotateAsync(Scene.Request(retain: TimeSpan.FromHours(1)))).State);

        var record = await scene.Service.ResumeAsync(new() { Name = "app", RetainFor = TimeSpan.Zero }, new Observer(), Scene.Ct);

        Assert.Equal(RotationState.Completed, record.State);
        Assert.Contains("disabled for good", record.Message, StringComparison.Ordinal);
        Assert.True(await IsDisabledAsync(scene, scene.OldLogin));
    }

    [Fact]
    public async Task A_predecessor_that_ran_as_a_superuser_is_not_ended_but_named()
    {
        await using var admin = await CreateAsync("");
        var scene = admin.Scene;
        var server = scene.Database.Server;
        var engine = new PostgreSqlEngine();
        var dead = await engine.ConnectAdminAsync(scene.Credential, new(server.SuperUser, new(server.SuperPassword)), Scene.Ct);
        await using (dead)
        {
            await dead.LockTargetAsync(scene.OldLogin, Scene.Ct);
            var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());
            Assert.Equal(RotationErrorCode.LeaseHeld, exception.Code);
            Assert.Contains($"of {server.SuperUser}", exception.Message, StringComparison.Ordinal);
        }

        // One that ran as this admin is ended.
        await using var own = await engine.ConnectAdminAsync(scene.Credential, admin.Admin, Scene.Ct);
        await own.LockTargetAsync(scene.OldLogin, Scene.Ct);
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    [Fact]
    public async Task What_the_admin_may_not_read_is_said_and_stops_nothing_that_could_be_lost_otherwise()
    {
        await using var admin = await CreateAsync(
            """
            CREATE FOREIGN DATA WRAPPER {5};
            CREATE SERVER {6} FOREIGN DATA WRAPPER {5};
            CREATE USER MAPPING FOR {4} SERVER {6} OPTIONS ("user" 'somebody');
            """);
        var plan = await admin.Scene.Service.PlanAsync(new() { Name = "app" }, Scene.Ct);

        Assert.True(plan.CanRotate, string.Join("; ", plan.Blockers));
        foreach (var hidden in new[] { "pg_hba.conf", "pg_ident.conf", "user mapping of" })
            Assert.Contains(plan.Warnings, warning => warning.Contains(hidden, StringComparison.Ordinal) && warning.Contains("is not known", StringComparison.Ordinal));
        await admin.Scene.Database.ExecuteAsync(AdminScene.Named(
            """
            GRANT SELECT ON pg_hba_file_rules, pg_ident_file_mappings, pg_user_mapping TO {1};
            GRANT EXECUTE ON FUNCTION pg_hba_file_rules(), pg_ident_file_mappings() TO {1};
            """,
            admin.Names));
        Assert.DoesNotContain((await admin.Scene.Service.PlanAsync(new() { Name = "app" }, Scene.Ct)).Warnings, warning => warning.Contains("is not known", StringComparison.Ordinal));
        Assert.Equal(RotationState.Completed, (await admin.Scene.RotateAsync()).State);
    }

    [Fact]
    public async Task A_database_that_the_admin_may_not_enter_is_named_with_the_statement_that_lets_it_in()
    {
        await using var admin = await CreateAsync("");
        await using var other = await postgres.NewDatabaseAsync("closed");
        await other.ExecuteAsync(AdminScene.Named("REVOKE CONNECT ON DATABASE {7!} FROM PUBLIC; CREATE TABLE t (); ALTER TABLE t OWNER TO {0}; GRANT CREATE ON SCHEMA public TO {1} WITH GRANT OPTION", [.. admin.Names, other.Name]));

        var missing = Assert.Single(await admin.MissingAsync());
        Assert.Equal(AdminScene.Named("GRANT CONNECT ON DATABASE {7} TO {1}", [.. admin.Names, other.Name]), missing);
        await Assert.ThrowsAsync<RotationException>(() => admin.Scene.RotateAsync());

        await other.ExecuteAsync(missing);
        var record = await admin.Scene.RotateAsync();
        Assert.Equal(RotationState.Completed, record.State);
        await using var connection = await other.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT tableowner::text FROM pg_tables WHERE tablename = 't'", connection);
        Assert.Equal(record.NewUsername, await command.ExecuteScalarAsync(Scene.Ct));
        Assert.Equal([record.NewUsername], await admin.Scene.LoginsAsync());
    }

    [Fact]
    public async Task A_rotation_that_fails_leaves_the_login_as_it_was()
    {
        await using var admin = await CreateAsync(Application);
        var scene = admin.Scene;
        var before = await admin.ReadAsync(scene.OldLogin);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(new() { Name = "app", VerifyQuery = "SELECT 1/0" }));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        AssertSame(before, await admin.ReadAsync(scene.OldLogin));
    }

    private Task<AdminScene> CreateAsync(string sql, bool isManaged = false) =>
        AdminScene.CreateAsync(postgres, (isManaged ? Managed : "") + sql, isManaged ? "CREATEROLE CREATEDB" : "CREATEROLE");

    private static async Task<bool> IsDisabledAsync(Scene scene, string login)
    {
        await using var connection = await scene.Database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT NOT rolcanlogin AND rolpassword IS NULL FROM pg_authid WHERE rolname = $1", connection) { Parameters = { new() { Value = login } } };
        return await command.ExecuteScalarAsync(Scene.Ct) is true;
    }

    internal static void AssertSame(HashSet<PermissionFact> before, HashSet<PermissionFact> after)
    {
        var (missing, extra) = (before.Except(after).ToList(), after.Except(before).ToList());
        Assert.True(missing.Count + extra.Count == 0, $"missing: {string.Join("; ", missing)}\nextra: {string.Join("; ", extra)}");
    }
}
