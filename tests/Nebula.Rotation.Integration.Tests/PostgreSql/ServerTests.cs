using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>Locks, sessions, limits, search paths and names.</summary>
public abstract class ServerTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : ServerTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : ServerTests(postgres);

    [Fact]
    public async Task A_predecessors_session_is_ended_and_its_lock_taken()
    {
        await using var room = await Room.OpenAsync(postgres);
        var admin = new Login(room.Server.SuperUser, new(room.Server.SuperPassword));
        await using var dead = await room.Engine.ConnectAdminAsync(room.Credential, admin, Room.Ct);
        await dead.LockTargetAsync("app", Room.Ct);
        await using var unit = await dead.BeginAsync(Room.Ct);
        await unit.ApplyAsync([new() { Stage = RotationStage.CreateLogin, Text = "CREATE TABLE public.half_done ()" }], null, Room.Ct);

        await room.Admin.LockTargetAsync("app", Room.Ct);

        await Assert.ThrowsAsync<RotationException>(() => unit.CommitAsync(Room.Ct));
        Assert.False(await room.ScalarAsync<bool>("SELECT to_regclass('half_done') IS NOT NULL"));
        await using var third = await room.Engine.ConnectAdminAsync(room.Credential, admin, Room.Ct);
        await third.LockTargetAsync("another", Room.Ct);
    }

    [Fact]
    public async Task A_strangers_lock_is_respected_and_named()
    {
        await using var room = await Room.OpenAsync(postgres);
        var admin = new Login(room.Server.SuperUser, new(room.Server.SuperPassword));
        await room.Admin.LockTargetAsync("app", Room.Ct);
        var (first, second) = (await room.ScalarAsync<int>("SELECT classid::bigint::int FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"), await room.ScalarAsync<long>("SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"));
        await room.Admin.DisposeAsync();
        await using var stranger = new NpgsqlConnection(room.Server.ConnectionString(room.Database) + ";Application Name=stranger");
        await stranger.OpenAsync(Room.Ct);
        await using (var take = new NpgsqlCommand($"SELECT pg_advisory_lock({first}, {unchecked((int)(uint)second)})", stranger))
            await take.ExecuteNonQueryAsync(Room.Ct);

        await using var connection = await room.Engine.ConnectAdminAsync(room.Credential, admin, Room.Ct);
        var error = await Assert.ThrowsAsync<RotationException>(() => connection.LockTargetAsync("app", Room.Ct));
        Assert.Equal(RotationErrorCode.LeaseHeld, error.Code);
        Assert.Contains("stranger", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_are_listed_with_host_application_and_age_and_are_ended()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync("it's \"me\"");
        await using var one = new NpgsqlConnection(room.Server.ConnectionString(room.Database, login, "secret") + ";Application Name=the application");
        await one.OpenAsync(Room.Ct);
        await using var two = await room.ConnectAsync(login, "secret");
        await using (var hide = new NpgsqlCommand("SET ROLE NONE", two))
            await hide.ExecuteNonQueryAsync(Room.Ct);

        var sessions = (await room.Admin.ListSessionsAsync(login, Room.Ct)).Seen;
        Assert.Equal(2, sessions.Count);
        Assert.Equal("the application", sessions[0].Application);
        Assert.Equal("127.0.0.1", sessions[0].Host);
        Assert.Equal("idle", sessions[0].State);
        Assert.InRange(sessions[0].Age, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.True((await room.Admin.ListSessionsAsync(room.Server.SuperUser + "x", Room.Ct)).AreNone);

        Assert.Equal(2, (await room.Admin.EndSessionsAsync(login, null, Room.Ct)).Count);
        Assert.True((await room.Admin.ListSessionsAsync(login, Room.Ct)).AreNone);
        Assert.Equal(0, (await room.Admin.EndSessionsAsync(login, null, Room.Ct)).Count);
    }

    [Fact]
    public async Task Our_own_check_is_no_session_of_the_login()
    {
        await using var room = await Room.OpenAsync(postgres);
        Assert.DoesNotContain((await room.Admin.ListSessionsAsync(room.Server.SuperUser, Room.Ct)).Seen, session => session.Application == PostgreSqlConnector.ApplicationName);
    }

    [Fact]
    public async Task A_schema_that_is_called_like_the_login_still_resolves_for_the_next_two()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (one, two, three) = (await room.NewLoginAsync("Own \"path\""), room.NewName("two"), room.NewName("three"));
        await room.ExecuteAsync("CREATE SCHEMA {0} AUTHORIZATION {0}; CREATE TABLE {0}.t (a integer); ALTER TABLE {0}.t OWNER TO {0}", one);

        var first = await room.CloneAsync(one, two, "pw");
        Assert.Contains(first.CloneStatements, statement => statement.Text.Contains($"SET search_path TO '{one}', 'public'", StringComparison.Ordinal));
        Assert.Contains(first.Warnings, warning => warning.Contains("$user", StringComparison.Ordinal));
        await SelectAsync(room, two);
        await room.RetireAsync(one, two);

        var second = await room.CloneAsync(two, three, "pw");
        Assert.Empty(second.Warnings);
        await SelectAsync(room, three);
        await room.RetireAsync(two, three);
        Assert.Equal($"{Room.Quote(one)}, public", await room.ScalarAsync<string>($"SELECT substr(setconfig[1], 13) FROM pg_db_role_setting WHERE setrole = '{three}'::regrole"));
    }

    [Fact]
    public async Task A_path_set_for_the_database_or_the_role_is_the_one_that_counts()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        await room.ExecuteAsync("ALTER DATABASE {0} SET search_path = Alpha, \"$user\", \"B c\"; CREATE SCHEMA {1}", room.Database, old);
        Assert.Equal($"\"alpha\", \"{old}\", \"B c\"", Path(await room.ReadAsync(old)));
        await room.ExecuteAsync("ALTER ROLE {0} SET search_path = role_wide", old);
        Assert.Equal("\"role_wide\"", Path(await room.ReadAsync(old)));
        await room.ExecuteAsync("ALTER ROLE {0} IN DATABASE {1} SET search_path = ''", old, room.Database);
        Assert.Equal("", Path(await room.ReadAsync(old)));

        await room.CloneAsync(old, @new);
        await using var session = await room.ConnectAsync(@new, "new-Password.1");
        await using var show = new NpgsqlCommand("SHOW search_path", session);
        Assert.Equal("\"\"", await show.ExecuteScalarAsync(Room.Ct));
    }

    [Fact]
    public async Task The_admins_own_search_path_is_not_taken_for_the_servers()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        var admin = room.NewName("admin");
        await room.ExecuteAsync("CREATE ROLE {0} LOGIN SUPERUSER PASSWORD 'a'; ALTER ROLE {0} SET search_path = mine; ALTER ROLE {0} SET role = {1}", admin, login);
        await using var connection = await room.Engine.ConnectAdminAsync(room.Credential, new(admin, new("a")), Room.Ct);
        Assert.Equal("\"public\"", Path(await connection.ReadSnapshotAsync(login, Room.Ct)));
    }

    [Fact]
    public async Task Names_of_63_bytes_are_rotated_and_longer_ones_refused()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (room.NewName(new string('ü', 27)), room.NewName(new string('x', 54)));
        Assert.Equal(63, System.Text.Encoding.UTF8.GetByteCount(old));
        await room.ExecuteAsync("CREATE ROLE {0} LOGIN PASSWORD 'x'; CREATE TABLE t (); GRANT SELECT ON t TO {0}", old);
        await room.CloneAsync(old, @new);
        await room.RetireAsync(old, @new);

        var error = Assert.Throws<RotationException>(() => room.Engine.Validate(room.Credential with { Username = old + "x" }));
        Assert.Equal(RotationErrorCode.InvalidArgument, error.Code);
        foreach (var reserved in new[] { "pg_mine", "public", "none", "" })
            Assert.Throws<RotationException>(() => room.Engine.Validate(room.Credential with { Username = reserved }));
        room.Engine.Validate(room.Credential with { Username = @new });
    }

    [Fact]
    public async Task A_role_and_a_schema_take_a_name()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await room.ExecuteAsync("CREATE SCHEMA \"Taken\"");
        Assert.True(await room.Admin.IsNameTakenAsync(login, Room.Ct));
        Assert.True(await room.Admin.IsNameTakenAsync("Taken", Room.Ct));
        Assert.False(await room.Admin.IsNameTakenAsync("taken", Room.Ct));
    }

    [Fact]
    public async Task An_admin_that_is_no_superuser_is_told_what_to_run()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (admin, login) = (await room.NewLoginAsync("Admin \""), await room.NewLoginAsync());
        await using var connection = await room.Engine.ConnectAdminAsync(room.Credential, new(admin, new("secret")), Room.Ct);
        var preflight = await connection.PreflightAsync(room.Credential with { Username = login }, await connection.ReadSnapshotAsync(login, Room.Ct), Room.Ct);
        Assert.Contains($"ALTER ROLE {Room.Quote(admin)} CREATEROLE", preflight.MissingRights);
    }

    [Fact]
    public async Task The_admin_itself_and_the_servers_first_role_are_not_rotated()
    {
        await using var room = await Room.OpenAsync(postgres);
        var source = await room.ReadAsync(room.Server.SuperUser);
        Assert.Contains((await room.Admin.PreflightAsync(room.Credential, source, Room.Ct)).Blockers, blocker => blocker.Reason.Contains("admin", StringComparison.Ordinal));
        Assert.Contains(source.Blockers, blocker => blocker.Reason.Contains("made the server", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_superuser_finds_nothing_in_the_way()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        var preflight = await room.Admin.PreflightAsync(room.Credential, await room.ReadAsync(login), Room.Ct);
        Assert.Empty(preflight.MissingRights);
        Assert.Empty(preflight.Blockers);
    }

    [Fact]
    public async Task Two_pools_that_do_not_fit_and_an_end_that_is_past_are_blockers()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await room.ExecuteAsync("ALTER DATABASE {0} CONNECTION LIMIT 5; ALTER ROLE {1} VALID UNTIL '2001-01-01'; ALTER ROLE {1} CONNECTION LIMIT 6", room.Database, login);
        var source = await room.ReadAsync(login);
        var blocked = await room.Admin.PreflightAsync(room.Credential with { MaxConnections = 1000 }, source, Room.Ct);
        Assert.Equal(3, blocked.Blockers.Count);
        Assert.Contains(blocked.Blockers, blocker => blocker.Action.Contains("max_connections", StringComparison.Ordinal));
        Assert.Contains(blocked.Blockers, blocker => blocker.Action.Contains("CONNECTION LIMIT", StringComparison.Ordinal));
        Assert.Contains(blocked.Blockers, blocker => blocker.Action.Contains("VALID UNTIL", StringComparison.Ordinal));
        Assert.Contains(blocked.Warnings, warning => warning.Contains("CONNECTION LIMIT of 6", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_login_that_is_not_there_has_nothing()
    {
        await using var room = await Room.OpenAsync(postgres);
        var missing = await room.ReadAsync("not there");
        Assert.False(missing.Exists);
        Assert.False(missing.CanLogIn);
        Assert.Empty(missing.Facts);
        Assert.Empty(missing.Blockers);
    }

    private static string? Path(Engine.Snapshots.LoginSnapshot snapshot) => Assert.Single(snapshot.Facts, fact => fact.Kind == FactKinds.SearchPath).Value;

    private static async Task SelectAsync(Room room, string login)
    {
        await using var session = await room.ConnectAsync(login, "pw");
        await using var select = new NpgsqlCommand("SELECT a FROM t", session);
        await select.ExecuteNonQueryAsync(Room.Ct);
    }
}
