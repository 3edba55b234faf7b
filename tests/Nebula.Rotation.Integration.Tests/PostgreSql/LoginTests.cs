using System.Net;
using System.Net.Sockets;
using System.Text;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>Making a login with a verifier of ours, logging in with it, and every way in which connecting fails.</summary>
public abstract class LoginTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : LoginTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : LoginTests(postgres);

    [Theory]
    [InlineData("it's")]
    [InlineData("%@:/?#'\"\\`")]
    [InlineData(" leading and trailing ")]
    [InlineData("$1 $$ ; -- /* {0} ${x}")]
    [InlineData("pässwörd ñ 密码")]
    [InlineData("\u2168 \uFB01 \u00A0 \u1E9B\u0323")]
    [InlineData("e\u0301 decomposed")]
    [InlineData("😀 not in Unicode 3.2")]
    [InlineData("\u0627\u0031")]
    [InlineData("tab\tand\u0007bell")]
    public async Task A_login_made_with_a_verifier_logs_in_with_its_password_and_no_other(string password)
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync(), room.NewName("new"));
        await room.CloneAsync(old, @new, password);

        var login = new Login(@new, new(password));
        var good = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, login, "SELECT 1", Room.Ct));
        Assert.True(good.Succeeded, good.Message);
        Assert.Equal(@new, good.Username);
        Assert.NotNull(good.ServerVersion);

        var bad = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(@new, new(password + "x")), null, Room.Ct));
        Assert.False(bad.Succeeded);
        Assert.Equal(RotationErrorCode.AuthenticationFailed, bad.ErrorCode);
        Assert.DoesNotContain(password, bad.Message, StringComparison.Ordinal);

        // What the server makes of the same password must be what we made of it: libpq's programs would prepare it alike.
        var stored = await room.ScalarAsync<string>($"SELECT rolpassword FROM pg_authid WHERE rolname = '{@new.Replace("'", "''", StringComparison.Ordinal)}'");
        Assert.StartsWith("SCRAM-SHA-256$4096:", stored, StringComparison.Ordinal);
        await using (var connection = new NpgsqlConnection(room.Engine.FormatConnectionString(room.Credential, login, ConnectionStringFormat.AdoNet).Reveal() + ";Pooling=false"))
            await connection.OpenAsync(Room.Ct);
        foreach (var format in new[] { ConnectionStringFormat.Uri, ConnectionStringFormat.Libpq })
            Assert.Equal(@new, await PsqlAsync(room, room.Engine.FormatConnectionString(room.Credential, login, format).Reveal()));
    }

    /// <summary>Passwords that the driver does not prepare as RFC 4013 says, and libpq does.</summary>
    [Theory]
    [InlineData("I\u00ADX soft hyphen")]
    [InlineData("zero\u200Dwidth")]
    public async Task A_password_that_SASLprep_changes_is_the_one_that_libpq_makes_of_it(string password)
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync(), room.NewName("new"));
        await room.CloneAsync(old, @new, password);
        Assert.Equal(@new, await PsqlAsync(room, room.Engine.FormatConnectionString(room.Credential, new(@new, new(password)), ConnectionStringFormat.Uri).Reveal()));
        Assert.True(Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(@new, new(password)), null, Room.Ct)).Succeeded);
    }

    [Fact]
    public async Task A_server_that_makes_md5_hashes_gets_one()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync(), room.NewName("new"));
        await room.ExecuteAsync("ALTER DATABASE {0} SET password_encryption = 'md5'", room.Database);
        await using var admin = await room.Engine.ConnectAdminAsync(room.Credential, new(room.Server.SuperUser, new(room.Server.SuperPassword)), Room.Ct);
        var plan = room.Planner.PlanClone(await admin.ReadSnapshotAsync(old, Room.Ct), await admin.ReadSnapshotAsync(@new, Room.Ct));
        await using (var unit = await admin.BeginAsync(Room.Ct))
        {
            await unit.ApplyAsync(plan.CreateStatements, new(@new, new("it's")), Room.Ct);
            await unit.CommitAsync(Room.Ct);
        }

        Assert.True(await room.ScalarAsync<bool>($"SELECT rolpassword = 'md5' || md5('it''s' || rolname) FROM pg_authid WHERE rolname = '{@new}'"));
    }

    [Fact(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    public async Task No_password_is_in_the_servers_log()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync(), room.NewName("new"));
        const string Canary = "CANARY-7f3b~password_'";
        await room.CloneAsync(old, @new, Canary);
        await room.Engine.CheckLoginAsync(room.Credential, new(@new, new(Canary)), null, Room.Ct);
        await room.RetireAsync(old, @new);

        var log = await room.Server.ReadLogAsync(Room.Ct);
        Assert.Contains(@new, log, StringComparison.Ordinal);
        Assert.DoesNotContain("CANARY-7f3b", log, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary)), log, StringComparison.Ordinal);
        Assert.DoesNotContain(Uri.EscapeDataString(Canary), log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_shows_the_password_masked()
    {
        await using var room = await Room.OpenAsync(postgres);
        var old = await room.NewLoginAsync();
        var plan = room.Planner.PlanClone(await room.ReadAsync(old), await room.ReadAsync("not_there"));
        var create = Assert.Single(plan.CreateStatements);
        Assert.EndsWith("PASSWORD '***'", create.MaskedText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_admin_password_is_said_to_be_one()
    {
        await using var room = await Room.OpenAsync(postgres);
        var error = await Assert.ThrowsAsync<RotationException>(() => room.Engine.ConnectAdminAsync(room.Credential, new(room.Server.SuperUser, new("wr0ng-secret")), Room.Ct));
        Assert.Equal(RotationErrorCode.AdminAuthenticationFailed, error.Code);
        Assert.DoesNotContain("wr0ng-secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_database_is_said_to_be_missing()
    {
        await using var room = await Room.OpenAsync(postgres);
        var error = await Assert.ThrowsAsync<RotationException>(() =>
            room.Engine.ConnectAdminAsync(room.Credential with { Database = "no such db" }, new(room.Server.SuperUser, new(room.Server.SuperPassword)), Room.Ct));
        Assert.Equal(RotationErrorCode.DatabaseError, error.Code);
        Assert.Contains("no such db", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-host.invalid", 5432)]
    [InlineData("127.0.0.1", 1)]
    [InlineData("::1", 1)]
    [InlineData("/nowhere", 5432)]
    public async Task A_server_that_is_not_there_is_unreachable(string host, int port)
    {
        var credential = Room.CredentialFor(await postgres.ServerAsync(), "postgres", "app") with { HostName = [host], Port = port };
        var error = await Assert.ThrowsAsync<RotationException>(() => new PostgreSqlEngine().ConnectAdminAsync(credential, new("postgres", new("x")), Room.Ct));
        Assert.Equal(RotationErrorCode.ServerUnreachable, error.Code);
        var check = Assert.Single(await new PostgreSqlEngine().CheckLoginAsync(credential, new("app", new("x")), null, Room.Ct));
        Assert.Equal(RotationErrorCode.ServerUnreachable, check.ErrorCode);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", SslMode.Prefer, RotationErrorCode.UnsupportedServer, "database type")]
    [InlineData("J\0\0\0\n8.0.36\0", SslMode.Prefer, RotationErrorCode.UnsupportedServer, "database type")]
    [InlineData("J\0\0\0\n8.0.36\0", SslMode.Disable, RotationErrorCode.UnsupportedServer, "database type")]
    // The driver waits for more, and learns no more than that the connection was closed: as by a server that goes down.
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", SslMode.Disable, RotationErrorCode.ServerUnreachable, "that it is PostgreSQL that listens at this port")]
    [InlineData("-ERR unknown command\r\n", SslMode.Disable, RotationErrorCode.ServerUnreachable, "that it is PostgreSQL that listens at this port")]
    [InlineData("", SslMode.Disable, RotationErrorCode.ServerUnreachable, "that it is PostgreSQL that listens at this port")]
    public async Task What_does_not_speak_the_protocol_is_no_PostgreSQL(string answer, SslMode sslMode, RotationErrorCode code, string action)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(Room.Ct);
                var request = new byte[8];
                await client.GetStream().ReadExactlyAsync(request, Room.Ct);
                await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(answer), Room.Ct);
                client.Client.Shutdown(SocketShutdown.Send);
                while (await client.GetStream().ReadAsync(request, Room.Ct) > 0)
                {
                    // Reads what is left, so that closing does not reset the connection.
                }
            }
        }, Room.Ct);
        var credential = Room.CredentialFor(await postgres.ServerAsync(), "postgres", "app") with
        {
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
            SslMode = sslMode,
            ConnectionTimeout = TimeSpan.FromSeconds(5),
        };
        var error = await Assert.ThrowsAsync<RotationException>(() => new PostgreSqlEngine().ConnectAdminAsync(credential, new("postgres", new("x")), Room.Ct));
        Assert.Equal(code, error.Code);
        Assert.Contains(action, error.RecommendedAction, StringComparison.Ordinal);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Fact]
    public async Task A_server_without_TLS_is_refused_where_TLS_is_asked_for()
    {
        await using var room = await Room.OpenAsync(postgres);
        var error = await Assert.ThrowsAsync<RotationException>(() =>
            room.Engine.ConnectAdminAsync(room.Credential with { SslMode = SslMode.Require }, new(room.Server.SuperUser, new(room.Server.SuperPassword)), Room.Ct));
        Assert.Equal(RotationErrorCode.ServerUnreachable, error.Code);
        Assert.Contains("TLS", error.Message, StringComparison.Ordinal);
    }

    [Fact(SkipExceptions = [typeof(ExternalServerNotSupportedException)])]
    public async Task The_first_endpoint_that_answers_as_a_primary_is_used_and_a_socket_folder_is_one()
    {
        await using var room = await Room.OpenAsync(postgres);
        var credential = room.Credential with { HostName = ["127.0.0.2", room.Server.DataDirectory] };
        await using var admin = await room.Engine.ConnectAdminAsync(credential, new(room.Server.SuperUser, new(room.Server.SuperPassword)), Room.Ct);
        Assert.True((await admin.ReadSnapshotAsync(room.Server.SuperUser, Room.Ct)).Exists);
    }

    [Fact]
    public async Task A_blocked_login_is_refused_and_an_unblocked_one_is_not()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        await room.ApplyAsync(room.Planner.PlanBlock(await room.ReadAsync(login)));
        Assert.False((await room.ReadAsync(login)).CanLogIn);
        var refused = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(login, new("secret")), null, Room.Ct));
        Assert.Equal(RotationErrorCode.AuthenticationFailed, refused.ErrorCode);

        await room.ApplyAsync(room.Planner.PlanUnblock(await room.ReadAsync(login)));
        Assert.True(Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(login, new("secret")), null, Room.Ct)).Succeeded);
    }

    [Fact]
    public async Task A_verify_query_that_fails_is_a_failed_check()
    {
        await using var room = await Room.OpenAsync(postgres);
        var login = await room.NewLoginAsync();
        var check = Assert.Single(await room.Engine.CheckLoginAsync(room.Credential, new(login, new("secret")), "SELECT * FROM missing", Room.Ct));
        Assert.False(check.Succeeded);
        Assert.Equal(RotationErrorCode.DatabaseError, check.ErrorCode);
        Assert.Contains("missing", check.Message, StringComparison.Ordinal);
    }

    private static async Task<string> PsqlAsync(Room room, string connectionString)
    {
        var start = new System.Diagnostics.ProcessStartInfo(Path.Combine(room.Server.ProgramFolder, "psql"))
        {
            ArgumentList = { "--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--command", "SELECT session_user" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGCLIENTENCODING"] = "UTF8" },
        };
        // As an argument: it is a test's password, and the string is what is tested.
        start.ArgumentList.Add(connectionString);
        using var psql = System.Diagnostics.Process.Start(start)!;
        var (output, error) = (psql.StandardOutput.ReadToEndAsync(Room.Ct), psql.StandardError.ReadToEndAsync(Room.Ct));
        await psql.WaitForExitAsync(Room.Ct);
        Assert.Equal("", await error);
        return (await output).Trim();
    }
}
