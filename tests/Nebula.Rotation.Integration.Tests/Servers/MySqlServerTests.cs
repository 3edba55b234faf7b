using MySqlConnector;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Servers;

public abstract class MySqlServerTests(SharedMySql mysql)
{
    public sealed class OnMariaDb(SharedMariaDb mariaDb) : MySqlServerTests(mariaDb);

    public sealed class OnMySql(SharedMySql9 mysql) : MySqlServerTests(mysql);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_superuser_gets_in_with_the_password_and_nobody_without()
    {
        var server = await mysql.ServerAsync();
        Assert.Equal(server.Version, await ScalarAsync(server, "SELECT VERSION()"));

        var refused = await Assert.ThrowsAsync<MySqlException>(() => server.OpenAsync(user: server.SuperUser, password: "wrong", ct: Ct));
        Assert.Equal(MySqlErrorCode.AccessDenied, refused.ErrorCode);
        Assert.Equal(MySqlRelease.MariaDb == server.Release, server.Version.Contains("MariaDB", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_listens_on_loopback_alone_and_its_log_has_every_statement()
    {
        var server = await OwnAsync();
        Assert.Equal("127.0.0.1", await ScalarAsync(server, "SELECT @@bind_address"));
        var canary = $"canary_{Guid.NewGuid():N}";

        await ScalarAsync(server, $"SELECT '{canary}'");

        Assert.Contains(canary, await server.ReadGeneralLogAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_reach_the_server_and_a_stopped_or_crashed_server_comes_back_with_its_data_and_is_gone_when_disposed()
    {
        var server = await ServerRequirement.OrSkip(
            () => MySqlServer.StartAsync(new() { Release = mysql.Release, MaxConnections = 37, Settings = new Dictionary<string, string> { ["wait-timeout"] = "777" } }, Ct), Assert.Skip);
        Assert.Equal("37", await ScalarAsync(server, "SELECT CAST(@@max_connections AS CHAR)"));
        Assert.Equal("777", await ScalarAsync(server, "SELECT CAST(@@global.wait_timeout AS CHAR)"));
        await server.ExecuteAsync("CREATE DATABASE kept", ct: Ct);
        foreach (var isCrash in new[] { false, true })
        {
            await server.StopAsync(isCrash, Ct);
            await Assert.ThrowsAsync<MySqlException>(() => server.OpenAsync(ct: Ct));
            await server.StartAgainAsync(Ct);
            Assert.Equal("kept", await ScalarAsync(server, "SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'kept'"));
        }

        var (id, folder) = (server.ProcessId, Path.GetDirectoryName(server.DataDirectory)!);
        await server.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{id}"));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why()
    {
        await OwnAsync();
        var options = new MySqlServerOptions { Release = mysql.Release, Settings = new Dictionary<string, string> { ["no-such-option"] = "1" } };

        var failure = await Assert.ThrowsAsync<ServerUnavailableException>(() => MySqlServer.StartAsync(options, Ct));

        Assert.Contains("no-such-option", failure.Reason, StringComparison.Ordinal);
    }

    private async Task<MySqlServer> OwnAsync()
    {
        var server = await mysql.ServerAsync();
        Assert.SkipWhen(server.IsExternal, $"the server was given by {mysql.Release.Variable()}");
        return server;
    }

    private static async Task<string?> ScalarAsync(MySqlServer server, string sql)
    {
        await using var connection = await server.OpenAsync(ct: Ct);
        await using var command = new MySqlCommand(sql, connection);
        return (string?)await command.ExecuteScalarAsync(Ct);
    }
}
