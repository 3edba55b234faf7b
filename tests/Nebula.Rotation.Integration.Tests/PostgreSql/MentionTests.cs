using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>What knows the login by its name is found in every database that it has something in.</summary>
public abstract class MentionTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : MentionTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : MentionTests(postgres);

    /// <summary>{0} login, {1} group; {name} the login's name as a literal.</summary>
    private const string Everywhere =
        """
        CREATE TABLE t (a integer, owner name, by name DEFAULT current_user, g text GENERATED ALWAYS AS ('x') STORED);
        GRANT SELECT, INSERT ON t TO {0};
        CREATE POLICY compares ON t USING (owner = current_user);
        CREATE POLICY asks ON t USING (pg_has_role(current_user, 'pg_monitor', 'member'));
        CREATE POLICY about_a ON t USING (a > 0);
        ALTER TABLE t ADD CONSTRAINT named CHECK (owner <> {name} OR session_user = {name});
        ALTER TABLE t ADD CONSTRAINT texts CHECK (g <> {name});
        CREATE TABLE of_group (owner name DEFAULT {name});
        GRANT SELECT ON of_group TO {1};
        CREATE VIEW v AS SELECT * FROM t WHERE owner = session_user;
        GRANT SELECT ON v TO {0};
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.by = current_user; RETURN NEW; END $$;
        CREATE TRIGGER stamps BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stamp();
        CREATE TRIGGER whens BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.owner = current_user) EXECUTE FUNCTION stamp();
        CREATE FUNCTION switches() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL ROLE {0}; END $$;
        GRANT EXECUTE ON FUNCTION switches() TO {0};
        CREATE FUNCTION runs() RETURNS integer LANGUAGE sql SET role = {0} AS 'SELECT 1';
        CREATE TABLE others (owner name DEFAULT current_user);
        CREATE FOREIGN DATA WRAPPER nowhere;
        CREATE SERVER here FOREIGN DATA WRAPPER nowhere OPTIONS (host 'localhost', port {port});
        CREATE SERVER away FOREIGN DATA WRAPPER nowhere OPTIONS (host 'db.example');
        CREATE USER MAPPING FOR {1} SERVER here OPTIONS ("user" {name}, password 'pw');
        CREATE USER MAPPING FOR PUBLIC SERVER away OPTIONS ("user" {name});
        """;

    private static readonly string[] Blocking =
    [
        "policy compares on public.t", "constraint named of public.t", "view public.v", "trigger whens on public.t",
        "function public.switches()", "function public.runs()", "user mapping of {group} for server here",
    ];

    private static readonly string[] Said =
    [
        "default of column by of public.t", "constraint texts of public.t", "default of column owner of public.of_group", "function public.stamp()",
        "user mapping of PUBLIC for server away",
    ];

    [Fact]
    public async Task In_each_database_what_would_work_otherwise_is_a_blocker_and_the_rest_is_said()
    {
        await using var room = await Room.OpenAsync(postgres);
        await using var second = await postgres.NewDatabaseAsync("second");
        var (login, group) = (await room.NewLoginAsync("It's \"me\""), room.NewName("group"));
        await room.ExecuteAsync("CREATE ROLE {0}; GRANT {0} TO {1}", group, login);
        await room.ExecuteAsync(Text(room.Server, login, group));
        await second.ExecuteAsync(Text(room.Server, login, group));

        var source = await room.ReadAsync(login);
        var preflight = await room.Admin.PreflightAsync(room.Credential, source, Room.Ct);
        string[] places = ["", $" in database {Room.Quote(second.Name)}"];
        foreach (var (names, found) in new[] { (Blocking, preflight.Blockers.Select(blocker => blocker.ObjectName)), (Said, preflight.Warnings) })
        {
            var expected = names.Select(name => name.Replace("{group}", group, StringComparison.Ordinal)).ToList();
            foreach (var name in expected)
                Assert.True(found.Count(text => places.Any(place => text == name + place || text.StartsWith(name + place + ":", StringComparison.Ordinal))) == 2, $"{name} is not twice in:\n{string.Join('\n', found)}");
            Assert.Equal(expected.Count * 2, found.Count());
        }

        Assert.All(preflight.Blockers, blocker => Assert.Contains("-Option @{ Allow = 'Mentions' }", blocker.Action, StringComparison.Ordinal));
        Assert.DoesNotContain("pw", string.Join(' ', preflight.Blockers) + string.Join(' ', preflight.Warnings), StringComparison.Ordinal);

        var allowed = await room.Admin.PreflightAsync(room.Credential with { Option = new Dictionary<string, string> { ["Allow"] = "Mentions" } }, source, Room.Ct);
        Assert.Empty(allowed.Blockers);
        Assert.Equal((Blocking.Length + Said.Length) * 2, allowed.Warnings.Count);
    }

    [Fact]
    public async Task Settings_subscriptions_and_lines_of_pg_hba_that_name_the_login_are_blockers_that_say_what_to_do()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (login, other) = (await room.NewLoginAsync(), await room.NewLoginAsync("other"));
        await room.ExecuteAsync("GRANT {0} TO {1}; ALTER ROLE {1} SET role = {0}; ALTER ROLE {1} IN DATABASE {2} SET role = {0}", login, other, room.Database);
        var subscription = $"sub_{login}";
        await room.ExecuteAsync($"CREATE SUBSCRIPTION {subscription} CONNECTION 'host=localhost port={room.Server.Port} user={login} password=pw' PUBLICATION p WITH (connect = false, slot_name = NONE)");
        // The view reads the file, the server only when it is told to.
        var rules = Path.Combine(room.Server.DataDirectory, "pg_hba.conf");
        var before = await File.ReadAllLinesAsync(rules, Room.Ct);
        await File.AppendAllLinesAsync(rules, [$"host all {login},{other} 10.0.0.0/8 md5", $"host all +{login} 10.1.0.0/16 reject", $"host all all,{login} 10.2.0.0/16 reject", "host sameuser others 10.3.0.0/16 reject"], Room.Ct);
        try
        {
            var preflight = await room.Admin.PreflightAsync(room.Credential, await room.ReadAsync(login), Room.Ct);
            Assert.Equal(
                new[] { $"role {other}", $"role {other} in database {room.Database}", $"subscription {subscription} in database {room.Database}", $"pg_hba.conf line {before.Length + 1}", $"pg_hba.conf line {before.Length + 2}" }.Order(StringComparer.Ordinal),
                preflight.Blockers.Select(blocker => blocker.ObjectName).Order(StringComparer.Ordinal));
            var line = preflight.Blockers.Single(blocker => blocker.ObjectName == $"pg_hba.conf line {before.Length + 1}");
            Assert.Contains($"host all {login},{other} 10.0.0.0", line.Reason, StringComparison.Ordinal);
            Assert.Contains($"GRANT \"{login}_logins\" TO \"{login}\"; write +\"{login}_logins\"", line.Action, StringComparison.Ordinal);
            Assert.Contains($"ALTER ROLE {other} IN DATABASE {room.Database} RESET role", preflight.Blockers.Single(blocker => blocker.ObjectName == $"role {other} in database {room.Database}").Action, StringComparison.Ordinal);
        }
        finally
        {
            var now = await File.ReadAllLinesAsync(rules, CancellationToken.None);
            await File.WriteAllLinesAsync(rules, now.Where(text => before.Contains(text)), CancellationToken.None);
            await room.ExecuteAsync($"DROP SUBSCRIPTION {subscription}");
        }
    }

    [Fact]
    public async Task What_names_both_of_two_that_take_turns_blocks_neither()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (login, alternate, other) = (await room.NewLoginAsync(), await room.NewLoginAsync("turn"), await room.NewLoginAsync("other"));
        await room.ExecuteAsync(
            $"""
            CREATE TABLE t (a integer, owner name);
            GRANT SELECT ON t TO {login};
            CREATE POLICY pair ON t USING (current_user IN ('{login}', '{alternate}') AND a > 0);
            CREATE POLICY one ON t USING (current_user IN ('{login}', '{other}'));
            CREATE POLICY compares ON t USING (owner = current_user);
            """);
        var rules = Path.Combine(room.Server.DataDirectory, "pg_hba.conf");
        var before = await File.ReadAllLinesAsync(rules, Room.Ct);
        string[] lines =
        [
            $"host all {login},{alternate} 10.0.0.0/8 md5", $"host all {login},{other} 10.9.0.0/16 md5", $"host all {login} 10.4.0.0/16 md5", $"host all {alternate} 10.4.0.0/16 md5",
            $"host all {login} 10.5.0.0/16 md5", $"host all {alternate} 10.5.0.0/16 reject",
        ];
        await File.AppendAllLinesAsync(rules, lines, Room.Ct);
        try
        {
            var source = await room.ReadAsync(login);
            var pair = await room.Admin.PreflightAsync(room.Credential with { Option = new Dictionary<string, string> { ["AlternateUsername"] = alternate } }, source, Room.Ct);
            Assert.Equal(
                ["pg_hba.conf line " + (before.Length + 2), "pg_hba.conf line " + (before.Length + 5), "policy compares on public.t", "policy one on public.t"],
                pair.Blockers.Select(blocker => blocker.ObjectName).Order(StringComparer.Ordinal));
            foreach (var said in new[] { $"pg_hba.conf line {before.Length + 1}:", $"pg_hba.conf line {before.Length + 3}:", "policy pair on public.t:" })
                Assert.Single(pair.Warnings, warning => warning.StartsWith(said, StringComparison.Ordinal) && warning.Contains(alternate, StringComparison.Ordinal));

            // For a login that gets a new name each time they all are in the way.
            Assert.Equal(7, (await room.Admin.PreflightAsync(room.Credential, source, Room.Ct)).Blockers.Count);
        }
        finally
        {
            var now = await File.ReadAllLinesAsync(rules, CancellationToken.None);
            await File.WriteAllLinesAsync(rules, now.Where(text => !lines.Contains(text)), CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_rotation_by_turns_goes_past_a_policy_that_names_both()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await scene.Database.ExecuteAsync($"CREATE POLICY pair ON public.shared USING (current_user IN ('{scene.OldLogin}', '{scene.OldLogin}_b'))");
        var error = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());
        Assert.Equal(RotationErrorCode.PlanBlocked, error.Code);
        var flip = new RotationRequest { Name = "app", Strategy = RotationStrategy.AlternatingUsers, GracePeriod = TimeSpan.FromMilliseconds(100) };
        Assert.Empty((await scene.Service.PlanAsync(flip, Scene.Ct)).Blockers);
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync(flip)).State);
    }

    [Fact]
    public async Task A_rotation_stops_at_a_mention_before_anything_is_touched_and_goes_on_when_it_is_allowed()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await scene.Database.ExecuteAsync("CREATE POLICY compares ON public.shared USING (current_user = 'x')");
        var error = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());
        Assert.Equal(RotationErrorCode.PlanBlocked, error.Code);
        Assert.Contains("policy compares on public.shared", error.Message, StringComparison.Ordinal);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        var plan = await scene.Service.PlanAsync(Scene.Request(), Scene.Ct);
        Assert.Single(plan.Blockers);

        await scene.Service.ChangeAsync(
            "app", DatabaseCredential.DefaultScope, new() { Apply = credential => credential with { Option = new Dictionary<string, string> { ["Allow"] = "Mentions" } } }, Scene.Ct);
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
    }

    private static string Text(PostgresServer server, string login, string group) => Everywhere
        .Replace("{0}", Room.Quote(login), StringComparison.Ordinal)
        .Replace("{1}", Room.Quote(group), StringComparison.Ordinal)
        .Replace("{name}", PostgresServer.Literal(login), StringComparison.Ordinal)
        .Replace("{port}", $"'{server.Port}'", StringComparison.Ordinal);
}
