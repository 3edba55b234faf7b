using System.Diagnostics;
using MySqlConnector;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>Bad input, admins without rights, states of the server: a clear error, and nothing touched.</summary>
public abstract class MySqlRefusalTests(SharedMySql mysql)
{
    public sealed class OnMariaDb(SharedMariaDb mariaDb) : MySqlRefusalTests(mariaDb);

    public sealed class OnMySql(SharedMySql9 mysql) : MySqlRefusalTests(mysql);

    [Fact]
    public async Task An_admin_without_rights_is_told_which()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql, withDefiners: false);
        var weak = $"weak_{Guid.NewGuid():N}"[..20];
        await scene.Server.ExecuteAsync($"CREATE USER {weak}@'%' IDENTIFIED BY 'weak'", ct: MySqlScene.Ct);
        try
        {
            var blind = await Assert.ThrowsAsync<RotationException>(() => RotateAsync(scene, weak));
            Assert.Equal(RotationErrorCode.AdminPrivilegeMissing, blind.Code);
            Assert.Contains("mysql", blind.Message + blind.RecommendedAction, StringComparison.Ordinal);

            await scene.Server.ExecuteAsync($"GRANT SELECT ON *.* TO {weak}@'%'", ct: MySqlScene.Ct);
            var lacking = await Assert.ThrowsAsync<RotationException>(() => RotateAsync(scene, weak));
            Assert.Equal(RotationErrorCode.AdminPrivilegeMissing, lacking.Code);
            Assert.Contains("GRANT CREATE USER ON *.*", lacking.Message, StringComparison.Ordinal);
            Assert.Contains("PROCESS", lacking.Message, StringComparison.Ordinal);
            Assert.Equal([scene.OldLogin], await scene.LoginsAsync());
        }
        finally
        {
            await MySqlRoom.DropAsync(scene.Server, weak);
        }
    }

    [Fact]
    public async Task Accounts_that_cannot_be_copied_are_blockers_by_name()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var (expired, half) = (await room.NewLoginAsync(), await room.NewLoginAsync("app", "secret", "%", "localhost"));
        await room.ExecuteAsync("ALTER USER {0}@'%' PASSWORD EXPIRE; ALTER USER {1}@'localhost' ACCOUNT LOCK", expired, half);
        Assert.Contains((await room.ReadAsync(expired)).Blockers, blocker => blocker.Reason.Contains("expired", StringComparison.Ordinal));
        var plan = room.Planner.PlanClone(await room.ReadAsync(half), await room.ReadAsync(room.NewName()));
        Assert.Contains(plan.Blockers, blocker => blocker.ObjectName.Contains("localhost", StringComparison.Ordinal));
        if (room.IsMariaDb)
        {
            var socket = room.NewName();
            await room.ExecuteAsync("CREATE USER {0}@'%' IDENTIFIED VIA unix_socket", socket);
            Assert.Contains((await room.ReadAsync(socket)).Blockers, blocker => blocker.Reason.Contains("unix_socket", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_second_password_that_somebody_set_stands_in_the_way_of_another()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var login = await room.NewLoginAsync();
        var planner = room.Engine.DualPasswordPlanner!;
        Assert.Empty(planner.FindBlockers(await room.ReadAsync(login)));
        await room.ExecuteAsync(
            room.IsMariaDb
                ? "ALTER USER {0}@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('secret') OR mysql_native_password USING PASSWORD('other')"
                : "ALTER USER {0}@'%' IDENTIFIED BY 'other' RETAIN CURRENT PASSWORD", login);
        Assert.Contains(planner.FindBlockers(await room.ReadAsync(login)), blocker => blocker.Reason.Contains("second password", StringComparison.Ordinal));

        await room.ExecuteAsync("GRANT SELECT ON {0}.* TO {1}@'%'", room.Database, login);

        // Whichever of the two is kept, the other one is gone; again it changes nothing.
        foreach (var _ in new[] { 1, 2 })
            await room.ApplyAsync(planner.PlanKeepPassword(await room.ReadAsync(login)), new(login, new("secret")));
        await (await room.ConnectAsync(login, "secret")).DisposeAsync();
        await Assert.ThrowsAsync<MySqlException>(() => room.ConnectAsync(login, "other"));
        await Assert.ThrowsAsync<RotationException>(async () => await room.ApplyAsync(planner.PlanKeepPassword(await room.ReadAsync(login)), new(login, new("third"))));
        await (await room.ConnectAsync(login, "secret")).DisposeAsync();
    }

    [Fact]
    public async Task Adding_a_password_again_ends_none_and_is_in_no_log()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var login = await room.NewLoginAsync("app", "secret", "%", "localhost");
        await room.ExecuteAsync("GRANT SELECT ON {0}.* TO {1}@'localhost'", room.Database, login);
        var password = $"Canary{Guid.NewGuid():N}";
        for (var repeat = 0; repeat < 3; repeat++)
            await room.ApplyAsync(room.Engine.DualPasswordPlanner!.PlanAddPassword(await room.ReadAsync(login)), new(login, new(password)));
        foreach (var taken in new[] { "secret", password })
            await (await room.ConnectAsync(login, taken)).DisposeAsync();
        Assert.DoesNotContain(password, await room.Server.ReadGeneralLogAsync(MySqlRoom.Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\ud83d\ude00")]
    [InlineData("blank ")]
    public void A_user_name_that_no_server_takes_is_refused(string name)
    {
        var exception = Assert.Throws<RotationException>(() => new MySqlEngine().Validate(new()
        {
            Name = "app", DatabaseType = DatabaseType.MySql, HostName = ["h"], Port = 3306, Database = "d", Username = name,
        }));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
    }

    [Fact]
    public async Task A_name_that_is_longer_than_the_grant_tables_column_is_refused_by_the_server_that_has_it()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var width = room.IsMariaDb ? 128 : 32;
        Assert.False((await room.ReadAsync(new string('x', width))).Exists);
        var exception = await Assert.ThrowsAsync<RotationException>(() => room.ReadAsync(new string('x', width + 1)));
        Assert.Contains($"takes {width}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_anonymous_account_whose_host_fits_better_is_noticed()
    {
        await using var server = await ServerRequirement.OrSkip(() => MySqlServer.StartAsync(new() { Release = mysql.Release }, MySqlRoom.Ct), Assert.Skip);
        await using var room = await MySqlRoom.OpenAsync(server);
        var login = await room.NewLoginAsync();
        // Who would be locked out, too.
        await room.ExecuteAsync($"CREATE USER {server.SuperUser}@'localhost' IDENTIFIED BY '{server.SuperPassword}'; GRANT ALL ON *.* TO {server.SuperUser}@'localhost' WITH GRANT OPTION");
        await room.ExecuteAsync("GRANT SELECT ON {0}.* TO {1}@'%'; CREATE USER ''@'localhost' IDENTIFIED BY 'secret'; GRANT SELECT ON {0}.* TO ''@'localhost'", room.Database, login);

        var check = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(login, new("secret")), null, MySqlRoom.Ct));

        Assert.False(check.Succeeded);
        Assert.Contains("anonymous", check.Message, StringComparison.Ordinal);

        // And while we have a server of our own: one that takes no writes, and one that quotes otherwise.
        await room.ExecuteAsync("DROP USER ''@'localhost'; SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'");
        await using (var odd = await MySqlRoom.OpenAsync(server))
        {
            var (old, @new) = (await odd.NewLoginAsync("it's \\ \"x\""), odd.NewName("b\\'ack"));
            await odd.ExecuteAsync("GRANT SELECT ON {0}.* TO {1}@'%'", odd.Database, old);
            await odd.CloneAsync(old, @new);
            await odd.RetireAsync(old, @new);
        }

        await server.ExecuteAsync("SET GLOBAL read_only = 1", ct: MySqlRoom.Ct);
        var readOnly = await Assert.ThrowsAsync<RotationException>(() => room.Engine.ConnectAdminAsync(room.Credential, new(server.SuperUser, new(server.SuperPassword)), MySqlRoom.Ct));
        Assert.Contains("read-only", readOnly.Message, StringComparison.Ordinal);
        await server.ExecuteAsync("SET GLOBAL read_only = 0", ct: MySqlRoom.Ct);
    }

    [Fact]
    public async Task The_predecessors_session_is_ended_before_its_lock_is_taken()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var name = room.NewName();
        await room.Admin.LockTargetAsync(name, MySqlRoom.Ct);
        await using var successor = await room.Engine.ConnectAdminAsync(room.Credential, new(room.Server.SuperUser, new(room.Server.SuperPassword)), MySqlRoom.Ct);

        await successor.LockTargetAsync(name, MySqlRoom.Ct);

        var gone = await Assert.ThrowsAsync<RotationException>(() => room.ReadAsync(name));
        Assert.Equal(RotationErrorCode.ServerUnreachable, gone.Code);
    }

    [Fact]
    public async Task Sessions_are_seen_dated_and_ended_by_age()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var login = await room.NewLoginAsync();
        await room.ExecuteAsync("GRANT SELECT ON {0}.* TO {1}@'%'", room.Database, login);
        await using var first = await room.ConnectAsync(login, "secret");
        await Eventually.HoldsAsync(async () => (await room.Admin.ListSessionsAsync(login, MySqlRoom.Ct)).Seen is [{ Age.TotalSeconds: > 4 }], "the session is seen, and grows older");
        await using var second = await room.ConnectAsync(login, "secret");
        Assert.Equal(2, (await room.Admin.ListSessionsAsync(login, MySqlRoom.Ct)).Seen.Count);

        Assert.Equal(1, (await room.Admin.EndSessionsAsync(login, TimeSpan.FromSeconds(4), MySqlRoom.Ct)).Count);

        Assert.False(await first.PingAsync(MySqlRoom.Ct));
        Assert.True(await second.PingAsync(MySqlRoom.Ct));
        Assert.Equal(1, (await room.Admin.EndSessionsAsync(login, null, MySqlRoom.Ct)).Count);
        Assert.Empty((await room.Admin.ListSessionsAsync(login, MySqlRoom.Ct)).Seen);
    }

    [Fact]
    public async Task A_view_that_is_being_read_holds_its_move_up_and_is_moved_later()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql);
        await using var reader = await scene.Server.OpenAsync(scene.Database, ct: MySqlScene.Ct);
        await using var transaction = await reader.BeginTransactionAsync(MySqlScene.Ct);
        await using (var read = new MySqlCommand("SELECT n FROM seen", reader, transaction))
            await read.ExecuteScalarAsync(MySqlScene.Ct);
        var waited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var observer = new Observer
        {
            Progressed = progress =>
            {
                if (progress.Activity.Contains("waiting for a lock", StringComparison.Ordinal))
                    waited.TrySetResult();
            },
        };

        var rotation = scene.Service.RotateAsync(MySqlScene.Request(), observer, MySqlScene.Ct);
        await waited.Task.WaitAsync(Eventually.Limit, MySqlScene.Ct);
        await transaction.CommitAsync(MySqlScene.Ct);

        Assert.Equal(RotationState.Completed, (await rotation).State);
    }

    [Fact]
    public async Task A_rotation_takes_no_more_round_trips_than_it_did()
    {
        await using var scene = await MySqlScene.CreateAsync(mysql, withDefiners: false);
        var (executed, opened) = (0, 0);
        // Not those of the drain, which looks for as long as a session is there: one of a check ends on the server a moment after its client has closed it.
        var stage = RotationStage.Prepare;
        using var root = new Activity("rotation");
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "MySqlConnector",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.Parent.TraceId == root.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStarted = activity =>
            {
                if (activity.TraceId == root.TraceId && stage != RotationStage.Drain)
                    Interlocked.Increment(ref activity.OperationName == "Open" ? ref opened : ref executed);
            },
        };
        ActivitySource.AddActivityListener(listener);
        root.Start();

        Assert.Equal(RotationState.Completed, (await scene.Service.RotateAsync(MySqlScene.Request(grace: TimeSpan.Zero), new Observer { Progressed = progress => stage = progress.Stage }, MySqlScene.Ct)).State);

        root.Stop();
        TestContext.Current.TestOutputHelper?.WriteLine($"{executed} commands, {opened} connections");
        Assert.InRange(executed, 10, 24);
        // The login before, the admin, the new login at Verify, and the live one once more before the old one goes.
        Assert.InRange(opened, 4, 4);
    }

    private static Task<RotationRecord> RotateAsync(MySqlScene scene, string admin) =>
        scene.Service.RotateAsync(new() { Name = "app", Admin = new(admin, new("weak")) }, new Observer(), MySqlScene.Ct);
}
