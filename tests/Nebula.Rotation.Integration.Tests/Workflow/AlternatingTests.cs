using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>Two fixed names that take turns, on a real server, with an application at work.</summary>
public abstract class AlternatingTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : AlternatingTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : AlternatingTests(postgres);

    private const int Flips = 6;

    [Fact]
    public async Task Six_flips_under_traffic_fail_no_query_use_two_names_and_follow_grants_and_revokes()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var (first, second) = (scene.OldLogin, scene.OldLogin + "_b");
        await scene.Database.ExecuteAsync($"CREATE TABLE public.extra (a integer); GRANT SELECT ON public.extra TO {PostgresServer.Identifier(first)}");
        var before = await ReadAsync(scene, first);
        Assert.True(before.CountOfLogin(DumpKind.Grant) > 0, "the oracle reads grants");
        HashSet<string> passwords = [];
        DumpReading? afterTwo = null;
        await using (var traffic = new Traffic(scene))
        {
            for (var flip = 1; flip <= Flips; flip++)
            {
                await traffic.FlowsAsync(30);
                var idle = (await scene.LiveAsync()).Username;

                // One right comes and one goes before each flip: the other login has had both wrong since its turn.
                var mayInsert = flip % 2 == 1;
                var name = PostgresServer.Identifier(idle);
                await scene.Database.ExecuteAsync(mayInsert
                    ? $"REVOKE SELECT ON public.extra FROM {name}; GRANT INSERT ON public.extra TO {name}"
                    : $"GRANT SELECT ON public.extra TO {name}; REVOKE INSERT ON public.extra FROM {name}");

                Assert.Equal(RotationState.Completed, (await scene.RotateAsync(Flip())).State);

                var live = await scene.LiveAsync();
                Assert.Equal(flip % 2 == 0 ? first : second, live.Username);
                Assert.True(passwords.Add(live.Password.Reveal()), "the password was used before");
                Assert.Equal(!mayInsert, await AskAsync(scene, "SELECT has_table_privilege($1, 'public.extra', 'SELECT')", live.Username));
                Assert.Equal(mayInsert, await AskAsync(scene, "SELECT has_table_privilege($1, 'public.extra', 'INSERT')", live.Username));
                await AssertPairAsync(scene, live.Username, idle);
                if (flip == 2)
                    afterTwo = await ReadAsync(scene, first, whole: true);
            }

            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
            Assert.True(traffic.Queries > 200, $"{traffic.Queries} queries");
        }

        Assert.Equal(first, (await scene.LiveAsync()).Username);
        var diff = DumpOracle.Diff(before, await ReadAsync(scene, first), DumpRule.PinnedSearchPath);
        Assert.True(diff.IsEmpty, diff.ToString());

        // From when both are there nothing in the database changes but what the two have been given: the idle one gathers nothing.
        diff = DumpOracle.Diff(afterTwo!, await ReadAsync(scene, first, whole: true));
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Fact]
    public async Task Undo_of_a_kept_flip_fails_no_query_and_the_pair_goes_on()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var (first, second) = (scene.OldLogin, scene.OldLogin + "_b");
        var before = await ReadAsync(scene, first);
        await using (var traffic = new Traffic(scene))
        {
            await traffic.FlowsAsync(30);
            await scene.RotateAsync(Flip());
            var old = await scene.LiveAsync();
            Assert.Equal(RotationState.Retained, (await scene.RotateAsync(Flip(retain: TimeSpan.FromHours(1)))).State);
            await traffic.FlowsAsync(30);

            Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
            Assert.Equal(second, (await scene.LiveAsync()).Username);
            Assert.Equal(old.Password, (await scene.LiveAsync()).Password);
            await AssertPairAsync(scene, live: second, idle: first);
            await traffic.FlowsAsync(30);

            await scene.RotateAsync(Flip());
            await AssertPairAsync(scene, live: first, idle: second);
            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
        }

        var diff = DumpOracle.Diff(before, await ReadAsync(scene, first), DumpRule.PinnedSearchPath);
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Fact]
    public async Task A_flip_that_fails_its_verification_leaves_the_login_idle_and_the_next_one_succeeds()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var (first, second) = (scene.OldLogin, scene.OldLogin + "_b");
        await scene.RotateAsync(Flip());

        var exception = await Assert.ThrowsAsync<RotationException>(
            () => scene.RotateAsync(new() { Name = "app", Strategy = RotationStrategy.AlternatingUsers, VerifyQuery = "SELECT 1/0" }));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        await AssertPairAsync(scene, live: second, idle: first);
        await scene.RotateAsync(Flip());
        await AssertPairAsync(scene, live: first, idle: second);
    }

    [Fact]
    public async Task A_killed_flip_is_finished_by_the_next_process_and_the_application_notices_nothing()
    {
        const int Points = 6;
        var writes = 0;
        var forward = 0;
        for (var point = -1; point < Points; point++)
        {
            await using var scene = await Scene.CreateAsync(postgres);
            await scene.Service.ChangeAsync(
                "app", DatabaseCredential.DefaultScope, new() { Apply = before => before with { Strategy = RotationStrategy.AlternatingUsers } }, Scene.Ct);
            await scene.RotateAsync();
            if (point < 0)
            {
                writes = int.Parse(await DyingRunner.RunAsync(scene.StorePath, int.MaxValue), System.Globalization.CultureInfo.InvariantCulture);
                continue;
            }

            await using var traffic = new Traffic(scene, workers: 1);
            await traffic.FlowsAsync(5);
            Assert.NotEmpty(await DyingRunner.RunAsync(scene.StorePath, 3 + (point * (writes - 5) / (Points - 1)), gap: scene.Gap));
            await traffic.FlowsAsync(20);
            await scene.Service.ResumeAsync(Scene.Request(), new Observer(), Scene.Ct);
            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);

            var live = (await scene.LiveAsync()).Username;
            var first = scene.OldLogin;
            forward += live == first ? 1 : 0;
            await AssertPairAsync(scene, live, idle: live == first ? first + "_b" : first);
        }

        // Both ways out were taken.
        Assert.True(writes > 40, $"{writes} writes");
        Assert.InRange(forward, 1, Points - 1);
    }

    [Fact]
    public async Task Nobody_keeps_a_right_through_the_idle_login()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var (first, third, reader) = (scene.OldLogin, scene.Database.NewRoleName("third"), scene.Database.NewRoleName("reader"));
        await scene.Database.ExecuteAsync(
            $"""
            CREATE ROLE {PostgresServer.Identifier(third)};
            CREATE ROLE {PostgresServer.Identifier(reader)};
            GRANT {PostgresServer.Identifier(first)} TO {PostgresServer.Identifier(reader)};
            SET ROLE {PostgresServer.Identifier(first)};
            GRANT SELECT ON public.shared TO {PostgresServer.Identifier(third)};
            """);
        var before = await ReadAsync(scene, first);

        await scene.RotateAsync(Flip());
        var live = (await scene.LiveAsync()).Username;
        Assert.True(await AskAsync(scene, "SELECT has_table_privilege($1, 'public.shared', 'SELECT')", third));
        Assert.True(await AskAsync(scene, "SELECT has_table_privilege($1, 'public.shared', 'SELECT')", reader));
        await scene.Database.ExecuteAsync(
            $"""
            REVOKE {PostgresServer.Identifier(live)} FROM {PostgresServer.Identifier(reader)};
            SET ROLE {PostgresServer.Identifier(live)};
            REVOKE SELECT ON public.shared FROM {PostgresServer.Identifier(third)};
            """);
        Assert.False(await AskAsync(scene, "SELECT has_table_privilege($1, 'public.shared', 'SELECT')", third));
        Assert.False(await AskAsync(scene, "SELECT has_table_privilege($1, 'public.shared', 'SELECT')", reader));

        await scene.Database.ExecuteAsync(
            $"""
            GRANT {PostgresServer.Identifier(live)} TO {PostgresServer.Identifier(reader)};
            SET ROLE {PostgresServer.Identifier(live)};
            GRANT SELECT ON public.shared TO {PostgresServer.Identifier(third)};
            """);
        await scene.RotateAsync(Flip());
        var diff = DumpOracle.Diff(before, await ReadAsync(scene, first), DumpRule.PinnedSearchPath);
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Fact]
    public async Task A_role_that_is_somebody_elses_is_named_by_the_plan_and_refused()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var human = scene.OldLogin + "_b";
        scene.Database.Adopt(human);
        await scene.Database.ExecuteAsync($"CREATE ROLE {PostgresServer.Identifier(human)} NOLOGIN PASSWORD 'human'");

        var plan = await scene.Service.PlanAsync(Flip(), Scene.Ct);
        Assert.Contains(plan.Blockers, blocker => blocker.ObjectName == human);
        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(Flip()));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Contains($"'{human}'", exception.Message, StringComparison.Ordinal);
        await scene.Database.ExecuteAsync($"ALTER ROLE {PostgresServer.Identifier(human)} LOGIN");
        await using var still = await scene.Database.OpenAsync(human, "human");
    }

    [Fact]
    public async Task The_plan_of_a_flip_back_is_what_is_run_and_shows_no_password()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await scene.RotateAsync(Flip());
        var plan = await scene.Service.PlanAsync(Flip(), Scene.Ct);
        Assert.True(plan.CanRotate, string.Join("; ", plan.Blockers));
        Assert.Equal((scene.OldLogin, RotationStrategy.AlternatingUsers), (plan.NewUsername, plan.Strategy));
        Assert.Contains(plan.Statements, statement => statement.Text == $"ALTER ROLE {PostgresServer.Identifier(scene.OldLogin)} WITH PASSWORD '***'");

        await scene.RotateAsync(Flip());

        var log = await scene.Database.Server.ReadLogAsync(Scene.Ct);
        foreach (var statement in plan.Statements.Where(statement => !statement.Text.Contains("'***'", StringComparison.Ordinal)))
            Assert.Contains(statement.Text, log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("pg_b")]
    [InlineData("")]
    public async Task An_alternate_name_that_the_server_does_not_take_is_refused_when_it_is_stored(string username)
    {
        await using var scene = await Scene.CreateAsync(postgres);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.Service.ChangeAsync(
            "app", DatabaseCredential.DefaultScope, new() { Apply = before => before with { Option = Option(username) } }, Scene.Ct));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
    }

    [Fact]
    public async Task A_given_name_is_used_and_comes_back_from_the_store()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var green = scene.Database.NewRoleName("green");
        await scene.Service.ChangeAsync(
            "app",
            DatabaseCredential.DefaultScope,
            new() { Apply = before => before with { Option = Option(green), Strategy = RotationStrategy.AlternatingUsers } },
            Scene.Ct);

        foreach (var expected in new[] { green, scene.OldLogin, green })
        {
            await scene.RotateAsync();
            Assert.Equal(expected, (await scene.LiveAsync()).Username);
        }
    }

    private static RotationRequest Flip(TimeSpan? retain = null) => new()
    {
        Name = "app",
        Strategy = RotationStrategy.AlternatingUsers,
        GracePeriod = TimeSpan.FromMilliseconds(100),
        RetainFor = retain,
    };

    private static Dictionary<string, string> Option(string username) => new() { ["AlternateUsername"] = username };

    /// <summary>Only these two exist; the idle one cannot log in, has no password, owns nothing, and neither is the other's member.</summary>
    private static async Task AssertPairAsync(Scene scene, string live, string idle)
    {
        Assert.True(await AskAsync(scene, "SELECT count(*) = 2 FROM pg_roles WHERE starts_with(rolname, $1)", scene.OldLogin));
        Assert.True(await AskAsync(scene, "SELECT NOT rolcanlogin AND rolpassword IS NULL FROM pg_authid WHERE rolname = $1", idle));
        Assert.True(await AskAsync(scene, "SELECT NOT EXISTS (SELECT FROM pg_shdepend WHERE refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1) AND refclassid = 'pg_authid'::regclass AND deptype = 'o' AND classid <> 'pg_default_acl'::regclass)", idle));
        Assert.True(await AskAsync(scene, "SELECT NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = (SELECT oid FROM pg_roles WHERE rolname = $1))", idle));
        Assert.True(await AskAsync(scene, "SELECT NOT EXISTS (SELECT FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = $1))", idle));
        await using var connection = await scene.ConnectAsync(await scene.LiveAsync());
        Assert.Equal(live, connection.UserName);
    }

    private static async Task<bool> AskAsync(Scene scene, string sql, string name)
    {
        await using var connection = await scene.Database.OpenAsync();
#pragma warning disable CA2100 // Texts of this class.
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = name } } };
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Scene.Ct) is true;
    }

    /// <summary>What the dump says of the login; whole, also of everybody else in the database, the idle login among them.</summary>
    private static Task<DumpReading> ReadAsync(Scene scene, string login, bool whole = false) =>
        DumpOracle.ReadAsync(scene.Database.Server, (whole ? DumpRequest.Of(login, [scene.Database.Name]) : DumpRequest.Of(login, [scene.Database.Name]).OnlyTheLogin()), Scene.Ct);
}
