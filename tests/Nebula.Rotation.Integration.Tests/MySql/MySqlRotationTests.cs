using MySqlConnector;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>The whole workflow on a real server, with an application at work.</summary>
public abstract class MySqlRotationTests(SharedMySql mysql)
{
    public sealed class OnMariaDb(SharedMariaDb mariaDb) : MySqlRotationTests(mariaDb);

    public sealed class OnMySql(SharedMySql9 mysql) : MySqlRotationTests(mysql);

    /// <summary>How many rotations in a row; NEBULA_TEST_ROTATIONS says another number.</summary>
    private static readonly int Rotations =
        int.TryParse(Environment.GetEnvironmentVariable("NEBULA_TEST_ROTATIONS"), out var given) ? given : 10;

    private static readonly Dictionary<string, string> Recreate = new() { ["Definers"] = "Recreate" };

    [Fact]
    public async Task Rotations_in_a_row_under_traffic_fail_no_query_and_keep_one_account_as_definer()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql, hosts: "%,10.1.%");
        var before = await GrantsAsync(scene, scene.OldLogin);
        await using (var traffic = new MySqlTraffic(scene, workers: 2))
        {
            for (var round = 0; round < Rotations; round++)
            {
                await traffic.FlowsAsync(20);
                var record = await scene.RotateAsync();
                Assert.Equal(RotationState.Completed, record.State);
                // The first login made routines, and no other did.
                var retired = record.Stages.Single(stage => stage.Stage == RotationStage.Retire).Message;
                Assert.Contains(round == 0 ? "is kept, locked and with a password that nobody has: it is the definer of" : "dropped", retired, StringComparison.Ordinal);
            }

            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);
            Assert.True(traffic.Queries > Rotations * 20, $"{traffic.Queries} queries");
        }

        var live = await scene.LiveAsync();
        Assert.Equal(before, await GrantsAsync(scene, live.Username));
        // The first login made routines: its accounts are kept for them, and no other's are.
        string[] expected = [$"{scene.OldLogin} locked", $"{scene.OldLogin} locked", live.Username, live.Username];
        Assert.Equal(expected.Order(StringComparer.Ordinal), (await scene.LoginsAsync()).Order(StringComparer.Ordinal));
        await Assert.ThrowsAsync<MySqlException>(() => scene.ConnectAsync(new(scene.OldLogin, new(MySqlScene.OldPassword))));
        await AssertObjectsWorkAsync(scene, live);
    }

    [Fact]
    public async Task With_recreate_the_definers_move_nothing_else_about_them_changes_and_the_old_login_is_gone()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql, credential => credential with { Option = Recreate });
        var other = $"other_{Guid.NewGuid():N}"[..20];
        await scene.Server.ExecuteAsync(
            $"""
            CREATE USER `{other}`@'%' IDENTIFIED BY 'x'; GRANT TRIGGER ON * TO `{other}`@'%'; GRANT EXECUTE ON PROCEDURE bump TO `{other}`@'%' WITH GRANT OPTION; GRANT EXECUTE, ALTER ROUTINE ON FUNCTION twice TO `{other}`@'%';
            CREATE DEFINER=`{other}`@'%' TRIGGER mine_first AFTER INSERT ON mine FOR EACH ROW PRECEDES mine_logged SET @first = 1;
            CREATE DEFINER=`{other}`@'%' TRIGGER mine_last AFTER INSERT ON mine FOR EACH ROW FOLLOWS mine_logged SET @last = 1
            """, scene.Database, MySqlScene.Ct);
        try
        {
            // Made under another sql_mode and character set than ours.
            await using (var odd = await scene.ConnectAsync(await scene.LiveAsync()))
            {
                foreach (var sql in new[]
                {
                    "SET NAMES latin1, SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'",
                    "CREATE PROCEDURE \"od d\"(INOUT \"p\" varchar(9)) BEGIN DECLARE x varchar(9) DEFAULT 'a\\'; SET \"p\" = x || 'b;c'; END",
                    "SET NAMES utf8mb4, SESSION sql_mode = ''",
                    "CREATE PROCEDURE slashed() SELECT 'it\\'s ? ü'",
                })
                {
#pragma warning disable CA2100 // A test's own texts.
                    await using var command = new MySqlCommand(sql, odd);
#pragma warning restore CA2100
                    await command.ExecuteNonQueryAsync(MySqlScene.Ct);
                }
            }

            var before = await ObjectsAsync(scene, scene.OldLogin);
            await using (var traffic = new MySqlTraffic(scene, workers: 1, work: scene.Server.Release is MySqlRelease.MariaDb ? null : MySqlScene.PlainWork))
            {
                await traffic.FlowsAsync(10);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
                await traffic.FlowsAsync(10);
                Assert.Empty(traffic.Failures);
            }

            var live = await scene.LiveAsync();
            Assert.Equal([live.Username], await scene.LoginsAsync());
            Assert.Equal(before, await ObjectsAsync(scene, live.Username));
            await AssertObjectsWorkAsync(scene, live);
            await using var connection = await scene.ConnectAsync(live);
            Assert.Equal("it's ? ü", await ScalarAsync(connection, "CALL slashed()"));
            Assert.Equal("a\\b;c", await ScalarAsync(connection, "SET @p = ''; CALL `od d`(@p); SELECT @p"));
        }
        finally
        {
            await MySqlRoom.DropAsync(scene.Server, other);
        }
    }

    [Fact]
    public async Task Undo_while_draining_fails_no_query_and_the_old_login_is_as_it_was()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql);
        var before = await GrantsAsync(scene, scene.OldLogin);
        await using (var traffic = new MySqlTraffic(scene))
        await using (var late = await scene.ConnectAsync(await scene.LiveAsync()))
        {
            await traffic.FlowsAsync(20);
            Assert.Equal(RotationState.Draining, (await scene.RotateAsync(MySqlScene.Request(noWait: true))).State);
            await using (var early = await scene.ConnectAsync(await scene.LiveAsync()))
                Assert.Equal("0", await ScalarAsync(early, "CREATE VIEW of_new AS SELECT 1 AS one; SELECT COUNT(*) FROM of_new WHERE one = 2"));
            await traffic.FlowsAsync(20);
            Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(MySqlScene.Request(), new Observer(), MySqlScene.Ct)).State);
            Assert.Equal("1", await ScalarAsync(late, "SELECT one FROM of_new"));
            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);
        }

        Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        Assert.Equal(before, await GrantsAsync(scene, scene.OldLogin));
    }

    [Fact]
    public async Task A_retained_login_is_locked_and_undo_lets_it_in_again()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql);
        var hour = TimeSpan.FromHours(1);
        await using var traffic = new MySqlTraffic(scene);
        await traffic.FlowsAsync(20);
        Assert.Equal(RotationState.Retained, (await scene.RotateAsync(MySqlScene.Request(retain: hour))).State);
        var refused = await Assert.ThrowsAsync<MySqlException>(() => scene.ConnectAsync(new(scene.OldLogin, new(MySqlScene.OldPassword))));
        Assert.Contains("locked", refused.Message, StringComparison.OrdinalIgnoreCase);
        await traffic.FlowsAsync(20);

        Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(MySqlScene.Request(), new Observer(), MySqlScene.Ct)).State);
        await traffic.FlowsAsync(20);
        Assert.Empty(traffic.Failures);
        Assert.Equal(scene.OldLogin, (await scene.LiveAsync()).Username);
    }

    [Fact]
    public async Task Two_names_take_turns_and_the_idle_one_is_locked_with_a_password_that_nobody_has()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql, credential => credential with { Strategy = RotationStrategy.AlternatingUsers }, hosts: "%,localhost");
        var before = await GrantsAsync(scene, scene.OldLogin);
        await using (var traffic = new MySqlTraffic(scene))
        {
            for (var round = 0; round < 3; round++)
            {
                await traffic.FlowsAsync(20);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
                Assert.Equal(2, (await scene.LoginsAsync()).Count(login => login.EndsWith(" locked", StringComparison.Ordinal)));
            }

            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);
        }

        var live = await scene.LiveAsync();
        Assert.Equal(scene.OldLogin + "_b", live.Username);
        Assert.Equal(before, await GrantsAsync(scene, live.Username));
        await AssertObjectsWorkAsync(scene, live);
    }

    [Fact]
    public async Task One_name_with_two_passwords_at_once_serves_who_has_either_and_then_the_new_one_only()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql, credential => credential with { Strategy = RotationStrategy.DualPassword }, hosts: "%,localhost");
        var old = await scene.LiveAsync();
        await using (var traffic = new MySqlTraffic(scene))
        {
            for (var round = 0; round < 2; round++)
            {
                await traffic.FlowsAsync(20);
                var draining = await scene.RotateAsync(MySqlScene.Request(noWait: true));
                Assert.Equal(RotationState.Draining, draining.State);
                var @new = await scene.LiveAsync();
                Assert.Equal(old.Username, @new.Username);
                await (await scene.ConnectAsync(old)).DisposeAsync();
                await (await scene.ConnectAsync(@new)).DisposeAsync();
                await traffic.FlowsAsync(20);
                Assert.Equal(RotationState.Completed, (await scene.Service.ResumeAsync(MySqlScene.Request(), new Observer(), MySqlScene.Ct)).State);
                await Assert.ThrowsAsync<MySqlException>(() => scene.ConnectAsync(old));
                old = @new;
            }

            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);
        }

        // Back to the old password while both are taken: by its hash.
        await scene.RotateAsync(MySqlScene.Request(noWait: true));
        var given = await scene.LiveAsync();
        await scene.Service.UndoAsync(MySqlScene.Request(), new Observer(), MySqlScene.Ct);
        Assert.Equal(old.Password.Reveal(), (await scene.LiveAsync()).Password.Reveal());
        await (await scene.ConnectAsync(old)).DisposeAsync();
        await Assert.ThrowsAsync<MySqlException>(() => scene.ConnectAsync(given));
        Assert.Equal([scene.OldLogin, scene.OldLogin], await scene.LoginsAsync());
    }

    [Fact]
    public async Task A_plan_touches_nothing_and_says_what_becomes_of_the_definers()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql);

        var plan = await scene.Service.PlanAsync(new() { Name = "app" }, MySqlScene.Ct);

        Assert.True(plan.CanRotate, string.Join("; ", plan.Blockers));
        Assert.Contains(plan.Warnings, warning => warning.Contains("`bump`", StringComparison.Ordinal) && warning.Contains("kept", StringComparison.Ordinal));
        Assert.Contains(plan.Statements, statement => statement.Text.Contains("VIEW", StringComparison.Ordinal) && statement.Text.StartsWith("ALTER", StringComparison.Ordinal));
        Assert.DoesNotContain(plan.Statements, statement => statement.Text.Contains("$A$005$", StringComparison.Ordinal) && !statement.Text.Contains("THISISACOMBINATIONOFINVALIDSALT", StringComparison.Ordinal));
        Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
    }

    private static async Task AssertObjectsWorkAsync(MySqlScene scene, Login live)
    {
        await using var connection = await scene.ConnectAsync(live);
        Assert.NotEqual("", await ScalarAsync(connection, "SELECT n FROM seen"));
        Assert.Equal("42", await ScalarAsync(connection, "CALL bump(); SELECT twice(21)"));
        Assert.Equal("1", await ScalarAsync(connection, "DELETE FROM log; INSERT INTO mine (note) VALUES ('x'); SELECT COUNT(*) FROM log WHERE what = 'inserted'"));
        Assert.Equal("a\\b'c?", await ScalarAsync(connection, "SELECT x FROM slashes"));
        // The scheduler runs an event as its definer.
        await scene.Server.ExecuteAsync("SET GLOBAL event_scheduler = ON; DELETE FROM log", scene.Database, MySqlScene.Ct);
        await Eventually.HoldsAsync(async () => await ScalarAsync(connection, "SELECT COUNT(*) FROM log WHERE what = 'tick'") != "0", "the event runs");
    }

    private static async Task<string?> ScalarAsync(MySqlConnection connection, string sql)
    {
#pragma warning disable CA2100
        await using var command = new MySqlCommand(sql, connection);
#pragma warning restore CA2100
        await using var rows = await command.ExecuteReaderAsync(MySqlScene.Ct);
        string? last = null;
        do
        {
            while (await rows.ReadAsync(MySqlScene.Ct))
                last = Convert.ToString(rows.GetValue(0), System.Globalization.CultureInfo.InvariantCulture);
        }
        while (await rows.NextResultAsync(MySqlScene.Ct));
        return last;
    }

    /// <summary>What the server itself says of each account, the name and the hash aside.</summary>
    private static async Task<List<string>> GrantsAsync(MySqlScene scene, string username)
    {
        var all = new List<string>();
        var isMariaDb = scene.Server.Release is MySqlRelease.MariaDb;
        foreach (var host in await RowsAsync(scene, $"SELECT Host FROM mysql.{(isMariaDb ? "global_priv" : "user")} WHERE User = {MySqlServer.Literal(username)} ORDER BY Host"))
        {
            foreach (var sql in new[] { "SHOW GRANTS FOR", "SHOW CREATE USER" })
            {
                all.AddRange((await RowsAsync(scene, $"{sql} {MySqlRoom.Account(username, host)}")).Select(row => ServerText.Normalize(row, username)).Order(StringComparer.Ordinal));
            }
        }

        return all;
    }

    /// <summary>How each object of the scene's database is made, the definer's name aside, and who may call it.</summary>
    private static async Task<List<string>> ObjectsAsync(MySqlScene scene, string username)
    {
        var all = new List<string>();
        foreach (var show in new[] { "VIEW seen", "PROCEDURE bump", "FUNCTION twice", "PROCEDURE `od d`", "PROCEDURE slashed", "VIEW slashes", "EVENT tick", "TRIGGER mine_logged", "EVENT tidy" })
        {
            await using var connection = await scene.Server.OpenAsync(scene.Database, ct: MySqlScene.Ct);
#pragma warning disable CA2100
            await using var command = new MySqlCommand($"SHOW CREATE {show}", connection);
#pragma warning restore CA2100
            await using var rows = await command.ExecuteReaderAsync(MySqlScene.Ct);
            await rows.ReadAsync(MySqlScene.Ct);
            for (var index = 0; index < rows.FieldCount; index++)
            {
                if (rows.GetName(index) is not "Created")
                    all.Add($"{show}: {rows.GetName(index)}: {Convert.ToString(rows.GetValue(index), System.Globalization.CultureInfo.InvariantCulture)!.Replace('"', '`').Replace(MySqlServer.Identifier(username), "LOGIN", StringComparison.Ordinal).Replace(MySqlServer.Identifier(scene.Database) + ".", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal)}");
            }
        }

        all.AddRange(await RowsAsync(scene, "SELECT CONCAT(TRIGGER_NAME, ' ', ACTION_ORDER) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1"));
        all.AddRange(await RowsAsync(scene, "SELECT CONCAT_WS(' ', STARTS, STATUS, TIME_ZONE, ON_COMPLETION, EVENT_COMMENT, SQL_MODE) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1"));
        all.AddRange(await RowsAsync(scene, $"SELECT CONCAT_WS(' ', User, Host, Routine_name, Proc_priv) FROM mysql.procs_priv WHERE Db = DATABASE() AND User <> {MySqlServer.Literal(username)} ORDER BY 1"));
        return all;
    }

    private static async Task<List<string>> RowsAsync(MySqlScene scene, string sql)
    {
        await using var connection = await scene.Server.OpenAsync(scene.Database, ct: MySqlScene.Ct);
#pragma warning disable CA2100
        await using var command = new MySqlCommand(sql, connection);
#pragma warning restore CA2100
        await using var rows = await command.ExecuteReaderAsync(MySqlScene.Ct);
        var all = new List<string>();
        while (await rows.ReadAsync(MySqlScene.Ct))
            all.Add(rows.GetString(0));
        return all;
    }
}
