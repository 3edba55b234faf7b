using System.Diagnostics;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Topology;

/// <summary>Each TLS mode against a server that asks for TLS, with the right certificate and with every wrong one.</summary>
public sealed class TlsTests(TlsServer tls) : IClassFixture<TlsServer>
{
    private enum Authority
    {
        None,
        Own,
        Foreign,
    }

    [Theory]
    [InlineData(SslMode.Prefer, 0)]
    [InlineData(SslMode.Require, 0)]
    [InlineData(SslMode.VerifyCA, 1)]
    [InlineData(SslMode.VerifyFull, 1)]
    public async Task A_rotation_over_TLS_is_complete_and_no_connection_of_it_goes_without(SslMode mode, int authority)
    {
        var server = await tls.ServerAsync();
        await tls.ShowAsync(server, "localhost", "127.0.0.1");
        await using var scene = await Scene.CreateAsync(server, change: credential => Task.FromResult(With(credential, mode, (Authority)authority)));
        await using var traffic = new Traffic(scene, workers: 1, login => OpenAsync(scene, login));
        await traffic.FlowsAsync(5);

        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);

        await traffic.FlowsAsync(5);
        Assert.Empty(traffic.Failures);
        Assert.Equal([(await scene.LiveAsync()).Username], await scene.LoginsAsync());
    }

    [Theory]
    // Which certificate the server shows, the mode, whom we trust; whether we go in, and what the refusal is about.
    [InlineData("127.0.0.1", SslMode.Disable, 0, "no encryption")]
    [InlineData("other.example", SslMode.Prefer, 0, null)]
    [InlineData("other.example", SslMode.Require, 0, null)]
    [InlineData("other.example", SslMode.Require, 2, null)]
    [InlineData("other.example", SslMode.VerifyCA, 1, null)]
    [InlineData("127.0.0.1", SslMode.VerifyCA, 2, "certificate")]
    [InlineData("127.0.0.1", SslMode.VerifyCA, 0, "certificate")]
    [InlineData("127.0.0.1", SslMode.VerifyFull, 1, null)]
    [InlineData("other.example", SslMode.VerifyFull, 1, "certificate")]
    [InlineData("127.0.0.1", SslMode.VerifyFull, 2, "certificate")]
    [InlineData("127.0.0.1", SslMode.VerifyFull, 0, "certificate")]
    public async Task A_mode_refuses_what_it_says_and_nothing_else(string shown, SslMode mode, int authority, string? refusal)
    {
        var server = await tls.ServerAsync();
        await tls.ShowAsync(server, shown);
        var name = $"tls_{Guid.NewGuid():N}";
        await server.ExecuteAsync($"CREATE ROLE {name} LOGIN PASSWORD 'secret'", ct: Scene.Ct);
        var credential = With(Room.CredentialFor(server, "postgres", name), mode, (Authority)authority);
        var engine = new PostgreSqlEngine();

        var check = Assert.Single(await engine.CheckLoginAsync(credential, new(name, new("secret")), null, Scene.Ct));

        Assert.True(check.Succeeded == refusal is null, check.Message);
        if (refusal is not null)
            Assert.Contains(refusal, check.Message, StringComparison.Ordinal);

        // What an application is given behaves as we did. (libpq verifies the authority under Require when it is told of one: manual, "SSL Mode Descriptions".)
        if (mode is not SslMode.Require || authority == 0)
        {
            var format = engine.FormatConnectionString(credential, new(name, new("secret")), ConnectionStringFormat.Uri).Reveal();
            var (output, error) = await PsqlAsync(server, format, "SELECT session_user");
            Assert.True((output == name) == refusal is null, error);
        }

        var adoNet = engine.FormatConnectionString(credential, new(name, new("secret")), ConnectionStringFormat.AdoNet).Reveal();
        var opened = await Record.ExceptionAsync(async () =>
        {
            await using var connection = new NpgsqlConnection(adoNet + ";Pooling=false");
            await connection.OpenAsync(Scene.Ct);
        });
        Assert.True(opened is null == refusal is null, opened?.ToString());
        await server.ExecuteAsync($"DROP ROLE {name}", ct: Scene.Ct);
    }

    [Fact]
    public async Task A_verifier_of_ours_is_good_for_channel_binding()
    {
        var server = await tls.ServerAsync();
        await tls.ShowAsync(server, "localhost", "127.0.0.1");
        await using var scene = await Scene.CreateAsync(server, change: credential => Task.FromResult(With(credential, SslMode.VerifyFull, Authority.Own)));
        await scene.RotateAsync();
        var live = await scene.LiveAsync();
        var uri = scene.Service.GetConnectionStringAsync("app", DatabaseCredential.DefaultScope, ConnectionStringFormat.Uri, Scene.Ct);

        var (output, error) = await PsqlAsync(server, (await uri).Reveal() + "&channel_binding=require", "SELECT session_user || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");

        Assert.Equal($"{live.Username} true", output);
        Assert.Equal("", error);
        // The counter can count: without TLS there is no channel to bind to.
        var (_, refused) = await PsqlAsync(server, $"postgresql://postgres:{server.SuperPassword}@127.0.0.1:{server.Port}/postgres?sslmode=disable&channel_binding=require", "SELECT 1");
        Assert.Contains("channel binding required", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_md5_passwords_is_rotated_under_traffic_and_keeps_md5()
    {
        await using var server = await ServerRequirement.OrSkip(
            () => PostgresServer.StartAsync(
                new()
                {
                    Settings = new Dictionary<string, string> { ["password_encryption"] = "md5" },
                    HostBasedAuthentication = ["host all postgres 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 md5"],
                },
                Scene.Ct),
            Assert.Skip);
        await using var scene = await Scene.CreateAsync(server);
        await using (var traffic = new Traffic(scene, workers: 1))
        {
            for (var round = 0; round < 2; round++)
            {
                await traffic.FlowsAsync(5);
                Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);
            }

            await traffic.FlowsAsync(5);
            Assert.Empty(traffic.Failures);
        }

        await using var connection = await scene.Database.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT substr(rolpassword, 1, 3) FROM pg_authid WHERE rolname = $1", connection) { Parameters = { new() { Value = (await scene.LiveAsync()).Username } } };
        Assert.Equal("md5", await command.ExecuteScalarAsync(Scene.Ct));
    }

    private DatabaseCredential With(DatabaseCredential credential, SslMode mode, Authority authority) => credential with
    {
        SslMode = mode,
        CACertificate = authority switch { Authority.Own => tls.AuthorityPath, Authority.Foreign => tls.ForeignPath, _ => null },
    };

    private static async Task<NpgsqlConnection> OpenAsync(Scene scene, Login login)
    {
        var connection = new NpgsqlConnection(scene.Database.Server.ConnectionString(scene.Database.Name, login.Username, login.Password.Reveal()) + ";SSL Mode=Require");
        try
        {
            await connection.OpenAsync(Scene.Ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<(string Output, string Error)> PsqlAsync(PostgresServer server, string connectionString, string sql)
    {
        var start = new ProcessStartInfo(Path.Combine(server.ProgramFolder, "psql"))
        {
            ArgumentList = { "--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--command", sql, connectionString },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Nobody's own certificates.
            Environment = { ["HOME"] = "/nonexistent" },
        };
        using var psql = Process.Start(start)!;
        var (output, error) = (psql.StandardOutput.ReadToEndAsync(Scene.Ct), psql.StandardError.ReadToEndAsync(Scene.Ct));
        await psql.WaitForExitAsync(Scene.Ct);
        return ((await output).Trim(), (await error).Trim());
    }
}
