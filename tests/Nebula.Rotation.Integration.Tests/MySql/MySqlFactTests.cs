using MySqlConnector;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>Every kind of fact, cloned on a real server.</summary>
public abstract class MySqlFactTests(SharedMySql mysql)
{
    public sealed class OnMariaDb(SharedMariaDb mariaDb) : MySqlFactTests(mariaDb);

    public sealed class OnMySql(SharedMySql9 mysql) : MySqlFactTests(mysql);

    [Theory]
    [InlineData("app")]
    [InlineData("it's \"q\" `b` \\n")]
    [InlineData("ünï 'x' @h")]
    public async Task A_login_with_a_nasty_name_is_cloned_logs_in_and_the_old_one_is_dropped(string name)
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        await room.ExecuteAsync("CREATE TABLE t (a int, b int)");
        var (old, @new) = (await room.NewLoginAsync(name), room.NewName(name));
        await room.ExecuteAsync("GRANT SELECT, INSERT ON {0}.* TO {1}@'%' WITH GRANT OPTION; GRANT UPDATE (a), SELECT (a, b) ON t TO {1}@'%'", room.Database, old);

        await room.CloneAsync(old, @new);
        Assert.Equal("0", await room.ScalarAsAsync(@new, MySqlRoom.NewPassword, "SELECT COUNT(*) FROM t"));
        await room.RetireAsync(old, @new);

        Assert.False((await room.ReadAsync(old)).Exists);
        Assert.False(await room.Admin.IsNameTakenAsync(old, MySqlRoom.Ct));
        var check = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(@new, new(MySqlRoom.NewPassword)), "SELECT * FROM t", MySqlRoom.Ct));
        Assert.True(check.Succeeded, check.Message);
        var wrong = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(@new, new("wrong")), null, MySqlRoom.Ct));
        Assert.Equal(RotationErrorCode.AuthenticationFailed, wrong.ErrorCode);
        var gone = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(old, new("secret")), null, MySqlRoom.Ct));
        Assert.Equal(RotationErrorCode.AuthenticationFailed, gone.ErrorCode);
    }

    [Fact]
    public async Task Each_account_of_a_login_keeps_its_own_rights_and_attributes()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        await room.ExecuteAsync("CREATE TABLE t (a int, b int); CREATE PROCEDURE p() SELECT 1; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1");
        var (old, @new) = (await room.NewLoginAsync("app", "secret", "%", "10.0.%", "localhost"), room.NewName());
        await room.ExecuteAsync(
            """
            ALTER USER {1}@'%' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 1000 MAX_USER_CONNECTIONS 77 PASSWORD EXPIRE INTERVAL 90 DAY;
            ALTER USER {1}@'10.0.%' REQUIRE SUBJECT '/CN=it''s' AND ISSUER '/CN=ca' AND CIPHER 'AES256-SHA' PASSWORD EXPIRE NEVER;
            GRANT PROCESS, SELECT ON *.* TO {1}@'%' WITH GRANT OPTION;
            GRANT ALL ON `a\_b%`.* TO {1}@'10.0.%';
            GRANT ALL ON {0}.* TO {1}@'localhost';
            GRANT SELECT, DELETE ON t TO {1}@'%' WITH GRANT OPTION;
            GRANT INSERT (a, b), REFERENCES (b) ON t TO {1}@'localhost';
            GRANT EXECUTE ON PROCEDURE p TO {1}@'%' WITH GRANT OPTION;
            GRANT EXECUTE, ALTER ROUTINE ON FUNCTION f TO {1}@'localhost'
            """,
            room.Database,
            old);

        var plan = await room.CloneAsync(old, @new);

        Assert.DoesNotContain(plan.CloneStatements, statement => statement.Text.Contains(old, StringComparison.Ordinal));
        Assert.Equal(await GrantsAsync(room, old, "%", "10.0.%", "localhost"), await GrantsAsync(room, @new, "%", "10.0.%", "localhost"));
        await room.RetireAsync(old, @new);
    }

    [Fact]
    public async Task Roles_with_admin_option_and_default_roles_are_cloned()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var (old, @new, r1, r2) = (await room.NewLoginAsync(), room.NewName(), room.NewName("r1"), room.NewName("r2"));
        await room.ExecuteAsync("CREATE TABLE t (a int); CREATE ROLE {0}; CREATE ROLE {1}; GRANT SELECT ON t TO {0}; GRANT {0} TO {2}@'%' WITH ADMIN OPTION; GRANT {1} TO {2}@'%'", r1, r2, old);
        await room.ExecuteAsync(room.IsMariaDb ? "SET DEFAULT ROLE {0} FOR {1}@'%'" : "SET DEFAULT ROLE {0} TO {1}@'%'", r1, old);

        await room.CloneAsync(old, @new);
        await room.RetireAsync(old, @new);

        Assert.Equal("0", await room.ScalarAsAsync(@new, MySqlRoom.NewPassword, "SELECT COUNT(*) FROM t"));
        // The right to pass it on is there after the old login is gone.
        var other = await room.NewLoginAsync("other");
        await room.ScalarAsAsync(@new, MySqlRoom.NewPassword, "GRANT {0} TO {1}@'%'", r1, other);
    }

    [Fact]
    public async Task A_right_on_a_table_that_is_not_there_comes_back_with_the_table()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var (old, @new) = (await room.NewLoginAsync(), room.NewName());
        await room.ExecuteAsync("CREATE TABLE t (a int); GRANT SELECT ON t TO {0}@'%' WITH GRANT OPTION; GRANT UPDATE (a) ON t TO {0}@'%'; DROP TABLE t", old);

        var plan = await room.CloneAsync(old, @new);

        Assert.Contains(plan.Warnings, warning => warning.Contains("UPDATE (`a`)", StringComparison.Ordinal));
        await Assert.ThrowsAsync<MySqlException>(() => room.ScalarAsAsync(@new, MySqlRoom.NewPassword, "CREATE TABLE t (a int)"));
        await room.ExecuteAsync("CREATE TABLE t (a int)");
        Assert.Equal("0", await room.ScalarAsAsync(@new, MySqlRoom.NewPassword, "SELECT COUNT(*) FROM t"));
    }

    [Fact]
    public async Task The_password_is_in_no_log_and_the_first_login_is_by_the_hash_that_was_made_here()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var (old, @new) = (await room.NewLoginAsync(), room.NewName());
        var password = $"Canary'{Guid.NewGuid():N}\\\"x";
        await room.ExecuteAsync("GRANT SELECT ON {0}.* TO {1}@'%'", room.Database, old);

        await room.CloneAsync(old, @new, password);

        await using (await room.ConnectAsync(@new, password))
        {
        }

        Assert.True(await room.Admin.KnowsPasswordAsync(new(@new, new(password)), MySqlRoom.Ct));
        Assert.False(await room.Admin.KnowsPasswordAsync(new(@new, new("other")), MySqlRoom.Ct));
        // What the server made itself is known, too.
        Assert.True(await room.Admin.KnowsPasswordAsync(new(old, new("secret")), MySqlRoom.Ct));
        var canary = password.Split('\'')[1][..32];
        Assert.DoesNotContain(canary, await room.Server.ReadGeneralLogAsync(MySqlRoom.Ct), StringComparison.Ordinal);
        Assert.DoesNotContain(canary, await room.Server.ReadLogAsync(MySqlRoom.Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_has_something_already_becomes_the_equal_of_the_source()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        await room.ExecuteAsync("CREATE TABLE t (a int, b int); CREATE PROCEDURE p() SELECT 1");
        var (old, @new, role) = (await room.NewLoginAsync("app", "secret", "%", "10.9.%"), await room.NewLoginAsync("next", "next", "%", "10.%"), room.NewName("role"));
        await room.ExecuteAsync(
            """
            CREATE ROLE {3};
            GRANT SELECT ON *.* TO {1}@'%'; GRANT SELECT ON t TO {1}@'%'; GRANT INSERT (a) ON t TO {1}@'10.9.%'; ALTER USER {1}@'%' WITH MAX_USER_CONNECTIONS 9;
            GRANT DELETE, PROCESS ON *.* TO {2}@'%' WITH GRANT OPTION; GRANT SELECT, UPDATE ON t TO {2}@'%' WITH GRANT OPTION; GRANT SELECT (b) ON t TO {2}@'%';
            GRANT EXECUTE ON PROCEDURE p TO {2}@'%'; GRANT ALL ON {0}.* TO {2}@'%'; GRANT {3} TO {2}@'%'; GRANT SELECT ON {0}.* TO {2}@'10.%';
            ALTER USER {2}@'%' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 5 ACCOUNT LOCK
            """,
            room.Database, old, @new, role);

        await room.CloneAsync(old, @new);

        Assert.True((await room.ReadAsync(@new)).CanLogIn);
        Assert.Equal("0", await room.ScalarAsAsync(@new, "next", "SELECT COUNT(*) FROM t"));
        await room.RetireAsync(old, @new);
    }

    [Fact]
    public async Task A_clone_that_died_after_any_statement_is_continued()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        await room.ExecuteAsync("CREATE TABLE t (a int, b int); CREATE PROCEDURE p() SELECT 1");
        var old = await room.NewLoginAsync("app", "secret", "%", "localhost");
        await room.ExecuteAsync(
            "GRANT SELECT ON *.* TO {1}@'%'; GRANT SELECT ON t TO {1}@'%' WITH GRANT OPTION; GRANT INSERT (a) ON t TO {1}@'localhost'; ALTER USER {1}@'%' WITH MAX_USER_CONNECTIONS 9; GRANT EXECUTE ON PROCEDURE p TO {1}@'localhost'",
            room.Database, old);
        var source = await room.ReadAsync(old);
        var count = 1;
        for (var dies = 0; dies < count; dies++)
        {
            var target = room.NewName("next");
            var login = new Login(target, new(MySqlRoom.NewPassword));
            var plan = room.Planner.PlanClone(source, await room.ReadAsync(target));
            IReadOnlyList<Engine.Databases.PlannedStatement> all = [.. plan.CreateStatements, .. plan.CloneStatements];
            count = all.Count;
            await room.ApplyAsync([.. all.Take(dies)], login);
            if (dies > 0)
                Assert.True(await room.Admin.KnowsPasswordAsync(login, MySqlRoom.Ct), "it is ours");

            await room.CloneAsync(old, target);
            await room.ApplyAsync(room.Planner.PlanDrop(await room.ReadAsync(target), source));
            Assert.False(await room.Admin.IsNameTakenAsync(target, MySqlRoom.Ct));
        }

        Assert.True(count > 6, $"{count} statements");
    }

    [Fact]
    public async Task Rights_on_routines_with_names_beyond_ascii_are_read_and_cloned_and_none_is_left_behind()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        var (old, @new) = (await room.NewLoginAsync("ünï"), room.NewName("nëw"));
        await room.ExecuteAsync(
            "CREATE FUNCTION `f ü`() RETURNS int DETERMINISTIC NO SQL RETURN 1; CREATE PROCEDURE p() SELECT 2; GRANT EXECUTE ON FUNCTION `f ü` TO {0}@'%'; GRANT EXECUTE ON PROCEDURE p TO {0}@'%' WITH GRANT OPTION", old);
        Assert.Equal(3, (await room.ReadAsync(old)).Facts.Count(fact => fact.Kind == FactKinds.Privilege));

        await room.CloneAsync(old, @new);
        await room.RetireAsync(old, @new);
        Assert.Equal(3, (await room.ReadAsync(@new)).Facts.Count(fact => fact.Kind == FactKinds.Privilege));
        await room.ApplyAsync(room.Planner.PlanDrop(await room.ReadAsync(@new), await room.ReadAsync(old)));

        Assert.Equal("0", await room.ScalarAsync("SELECT COUNT(*) FROM mysql.procs_priv WHERE Db = DATABASE()"));
    }

    [Fact]
    public async Task MariaDbs_ed25519_beside_an_older_plugin_is_cloned_and_logged_in_with()
    {
        await using var room = await MySqlRoom.OpenAsync(mysql);
        Assert.SkipUnless(room.IsMariaDb, "a plugin of MariaDB's");
        var (old, both, @new, next) = (room.NewName(), room.NewName(), room.NewName(), room.NewName());
        await room.ExecuteAsync(
            """
            INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519';
            CREATE USER {0}@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret');
            CREATE USER {1}@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret') OR mysql_native_password USING PASSWORD('secret');
            GRANT SELECT ON {2}.* TO {0}@'%'; GRANT SELECT ON {2}.* TO {1}@'%'
            """,
            old, both, room.Database);
        foreach (var (from, to) in new[] { (old, @new), (both, next) })
        {
            Assert.True(await room.Admin.KnowsPasswordAsync(new(from, new("secret")), MySqlRoom.Ct));
            await room.CloneAsync(from, to);
            var check = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(to, new(MySqlRoom.NewPassword)), null, MySqlRoom.Ct));
            Assert.True(check.Succeeded, check.Message);
            Assert.False(Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(to, new("wrong")), null, MySqlRoom.Ct)).Succeeded);
            await room.RetireAsync(from, to);
        }
    }

    /// <summary>What the server itself says, the name aside.</summary>
    private static async Task<List<string>> GrantsAsync(MySqlRoom room, string name, params string[] hosts)
    {
        var all = new List<string>();
        foreach (var host in hosts)
        {
            foreach (var sql in new[] { "SHOW GRANTS FOR", "SHOW CREATE USER" })
                all.AddRange((await room.RowsAsync($"{sql} {MySqlRoom.Account(name, host)}")).Select(row => ServerText.Normalize(row, name)).Order(StringComparer.Ordinal));
        }

        return all;
    }
}
