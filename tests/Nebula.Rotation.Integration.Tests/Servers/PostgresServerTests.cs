using System.Net;
using System.Net.Sockets;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Servers;

public abstract class PostgresServerTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : PostgresServerTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : PostgresServerTests(postgres);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_superuser_gets_in_with_the_password_and_nobody_without()
    {
        var server = await postgres.ServerAsync();

        await using (var connection = await server.OpenAsync(ct: Ct))
            Assert.Equal(server.Version, new Version(connection.PostgreSqlVersion.Major, connection.PostgreSqlVersion.Minor));

        var refused = await Assert.ThrowsAsync<PostgresException>(() => server.OpenAsync(user: server.SuperUser, password: "wrong", ct: Ct));
        Assert.Equal("28P01", refused.SqlState);
    }

    [Fact]
    public async Task It_is_the_release_that_was_asked_for()
    {
        var server = await OwnAsync();
        if (postgres.Release is PostgresRelease.V18)
            Assert.Equal(18, server.Version.Major);
        Assert.Equal(server.Version, PostgresBinaries.ReadVersion((await CommandRunner.RunAsync(Path.Combine(server.ProgramFolder, "pg_dumpall"), ["--version"], ct: Ct)).Output));
    }

    [Fact]
    public async Task It_listens_on_loopback_alone_and_keeps_no_password_file()
    {
        var server = await OwnAsync();

        Assert.Equal("127.0.0.1", await ScalarAsync(server, "SHOW listen_addresses"));
        Assert.Equal("scram-sha-256", await ScalarAsync(server, "SELECT auth_method FROM pg_hba_file_rules WHERE type = 'host' ORDER BY line_number LIMIT 1"));
        var folder = Path.GetDirectoryName(server.DataDirectory)!;
        foreach (var file in Directory.EnumerateFiles(folder))
            Assert.DoesNotContain(server.SuperPassword, await File.ReadAllTextAsync(file, Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_log_has_every_statement()
    {
        var server = await OwnAsync();
        var canary = $"canary_{Guid.NewGuid():N}";

        await ScalarAsync(server, $"SELECT '{canary}'");

        Assert.Contains(canary, await server.ReadLogAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_reach_the_server_and_a_stopped_server_comes_back_with_its_data()
    {
        var options = new PostgresServerOptions
        {
            Release = postgres.Release,
            MaxConnections = 37,
            MaxPreparedTransactions = 3,
            Durable = true,
            Settings = new Dictionary<string, string> { ["application_name"] = "it's mine", ["work_mem"] = "5MB" },
            HostBasedAuthentication = ["host all turned_away 127.0.0.1/32 reject"],
        };
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(options, Ct), Assert.Skip);
        Assert.Equal("37", await ScalarAsync(server, "SHOW max_connections"));
        Assert.Equal("3", await ScalarAsync(server, "SHOW max_prepared_transactions"));
        Assert.Equal("on", await ScalarAsync(server, "SHOW fsync"));
        Assert.Equal("5MB", await ScalarAsync(server, "SHOW work_mem"));
        await server.ExecuteAsync("CREATE ROLE turned_away LOGIN PASSWORD 'x'", ct: Ct);
        var rejected = await Assert.ThrowsAsync<PostgresException>(() => server.OpenAsync(user: "turned_away", password: "x", ct: Ct));
        Assert.Equal("28000", rejected.SqlState);

        foreach (var mode in Enum.GetValues<PostgresStopMode>())
        {
            await server.ExecuteAsync($"CREATE TABLE kept_{mode} ()", ct: Ct);
            await server.StopAsync(mode, Ct);
            var gone = await Assert.ThrowsAsync<NpgsqlException>(() => server.OpenAsync(ct: Ct));
            Assert.IsType<SocketException>(gone.InnerException);

            await server.StartAgainAsync(Ct);
            Assert.Equal($"kept_{mode}", await ScalarAsync(server, $"SELECT 'kept_{mode}' FROM kept_{mode} RIGHT JOIN (SELECT) AS one ON true"));
        }

        var before = server.ProcessId;
        await server.RestartAsync(ct: Ct);
        Assert.NotEqual(before, server.ProcessId);
        Assert.Contains("automatic recovery", await server.ReadLogAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why()
    {
        await OwnAsync();
        var options = new PostgresServerOptions { Release = postgres.Release, Settings = new Dictionary<string, string> { ["work_mem"] = "a lot" } };

        var failure = await Assert.ThrowsAsync<ServerUnavailableException>(() => PostgresServer.StartAsync(options, Ct));

        Assert.Equal(postgres.Release.ServerName(), failure.Server);
        Assert.Contains("work_mem", failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_somebody_takes_first_is_given_up_for_another()
    {
        await OwnAsync();
        using var somebody = new TcpListener(IPAddress.Loopback, 0);
        somebody.Start();
        var taken = ((IPEndPoint)somebody.LocalEndpoint).Port;
        var ports = new Queue<int>([taken, taken]);
        var options = new PostgresServerOptions { Release = postgres.Release, FindPort = () => ports.TryDequeue(out var port) ? port : FreePort.Find() };

        await using var server = await PostgresServer.StartAsync(options, Ct);

        Assert.NotEqual(taken, server.Port);
        Assert.Empty(ports);
        Assert.Equal("on", await ScalarAsync(server, "SELECT 'on'"));
    }

    [Fact]
    public async Task Disposing_ends_the_server_and_removes_its_data()
    {
        var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(new PostgresServerOptions { Release = postgres.Release }, Ct), Assert.Skip);
        Assert.SkipWhen(server.IsExternal, "the server was given");
        var (id, folder) = (server.ProcessId, Path.GetDirectoryName(server.DataDirectory)!);
        await using var open = await server.OpenAsync(ct: Ct);

        await server.DisposeAsync();

        Assert.False(Directory.Exists($"/proc/{id}"));
        Assert.False(Directory.Exists(folder));
    }

    private async Task<PostgresServer> OwnAsync()
    {
        var server = await postgres.ServerAsync();
        Assert.SkipWhen(server.IsExternal, $"the server was given by {postgres.Release.Variable()}");
        return server;
    }

    private static async Task<string?> ScalarAsync(PostgresServer server, string sql)
    {
        await using var connection = await server.OpenAsync(ct: Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return (string?)await command.ExecuteScalarAsync(Ct);
    }
}
