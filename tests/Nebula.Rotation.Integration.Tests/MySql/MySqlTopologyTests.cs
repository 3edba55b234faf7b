using MySqlConnector;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Topology;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>TLS in every mode, and a source with a replica: servers of the tests' own.</summary>
public abstract class MySqlTopologyTests(MySqlRelease release)
{
    public sealed class OnMariaDb() : MySqlTopologyTests(MySqlRelease.MariaDb);

    public sealed class OnMySql() : MySqlTopologyTests(MySqlRelease.MySql);

    [Fact]
    public async Task Each_tls_mode_accepts_and_refuses_what_it_should()
    {
        using var authority = new TestAuthority("the test's authority");
        using var foreign = new TestAuthority("another authority");
        var (certificate, key) = authority.Issue("localhost");
        var folder = Directory.CreateTempSubdirectory("nebula-mysql-tls-");
        var (ours, theirs) = (Path.Combine(folder.FullName, "ours.pem"), Path.Combine(folder.FullName, "theirs.pem"));
        await File.WriteAllTextAsync(ours, authority.Pem, MySqlRoom.Ct);
        await File.WriteAllTextAsync(theirs, foreign.Pem, MySqlRoom.Ct);
        await using var server = await StartAsync(new()
        {
            ["ssl-ca"] = "{files}/ca.pem", ["ssl-cert"] = "{files}/cert.pem", ["ssl-key"] = "{files}/key.pem",
        }, new() { ["ca.pem"] = authority.Pem, ["cert.pem"] = certificate, ["key.pem"] = key });
        await using var room = await MySqlRoom.OpenAsync(server);
        var (open, tlsOnly) = (await room.NewLoginAsync(), await room.NewLoginAsync());
        await room.ExecuteAsync("GRANT SELECT ON {0}.* TO {1}@'%'; GRANT SELECT ON {0}.* TO {2}@'%'; ALTER USER {2}@'%' REQUIRE SSL", room.Database, open, tlsOnly);

        // Without TLS the password goes by the server's key, which is trusted on loopback only.
        foreach (var (login, mode, host, trusted, succeeds) in new[]
        {
            (open, SslMode.Disable, "127.0.0.1", (string?)null, true),
            (tlsOnly, SslMode.Disable, "127.0.0.1", null, false),
            (tlsOnly, SslMode.Prefer, "127.0.0.1", null, true),
            (tlsOnly, SslMode.Require, "127.0.0.1", null, true),
            (tlsOnly, SslMode.VerifyCA, "127.0.0.1", ours, true),
            (tlsOnly, SslMode.VerifyCA, "127.0.0.1", theirs, false),
            (tlsOnly, SslMode.VerifyFull, "localhost", ours, true),
            (tlsOnly, SslMode.VerifyFull, "127.0.0.1", ours, false),
            (tlsOnly, SslMode.VerifyFull, "localhost", theirs, false),
        })
        {
            var credential = room.Credential with { SslMode = mode, HostName = [host], CACertificate = trusted };
            var check = Assert.Single(await room.Engine.CheckLoginAsync(credential, new(login, new("secret")), null, MySqlRoom.Ct));
            Assert.True(check.Succeeded == succeeds, $"{mode} at {host}: {check.Message}");
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task The_source_is_found_by_asking_and_the_login_is_proved_and_drained_on_the_replica_too()
    {
        Dictionary<string, string> Settings(string id) => new()
        {
            ["server-id"] = id,
            ["log-bin"] = "binlog",
            ["binlog-format"] = "ROW",
        };
        var source = Settings("1");
        var replica = Settings("2");
        if (release is MySqlRelease.MySql)
        {
            foreach (var settings in new[] { source, replica })
            {
                settings["gtid-mode"] = "ON";
                settings["enforce-gtid-consistency"] = "ON";
            }
        }

        await using var first = await StartAsync(source, []);
        await using var second = await StartAsync(replica, []);
        var (user, password, port) = (MySqlServer.Literal(first.SuperUser), MySqlServer.Literal(first.SuperPassword), first.Port);
        await second.ExecuteAsync(
            release is MySqlRelease.MySql
                ? $"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, SOURCE_USER = {user}, SOURCE_PASSWORD = {password}, SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1; START REPLICA; SET GLOBAL super_read_only = 1"
                : $"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = {user}, MASTER_PASSWORD = {password}, MASTER_USE_GTID = slave_pos; START SLAVE; SET GLOBAL read_only = 1", ct: MySqlRoom.Ct);
        // The admin has one password on both, as admins do.
        await first.ExecuteAsync($"CREATE USER 'admin'@'%' IDENTIFIED BY {password}; GRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION", ct: MySqlRoom.Ct);
        await using var scene = await MySqlScene.CreateAsync(first, credential => credential with { HostName = [$"127.0.0.1:{second.Port}", $"127.0.0.1:{first.Port}"] }, withDefiners: false, admin: new("admin", new(first.SuperPassword)), waits: async made =>
            await Eventually.HoldsAsync(() => CanOpenAsync(second, made.OldLogin, MySqlScene.OldPassword), "the replica knows the login"));
        var old = await scene.LiveAsync();

        await using (var late = await second.OpenAsync(scene.Database, old.Username, old.Password.Reveal(), MySqlRoom.Ct))
        {
            var kept = await scene.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.FromMilliseconds(300) });
            Assert.Equal(RotationState.Draining, kept.State);
            Assert.True(await late.PingAsync(MySqlRoom.Ct));
        }

        Assert.Equal(RotationState.Completed, (await scene.Service.ResumeAsync(MySqlScene.Request(), new Observer(), MySqlScene.Ct)).State);
        var @new = await scene.LiveAsync();
        Assert.True(await CanOpenAsync(second, @new.Username, @new.Password.Reveal()));
    }

    private async Task<MySqlServer> StartAsync(Dictionary<string, string> settings, Dictionary<string, string> files) => await ServerRequirement.OrSkip(
        () => MySqlServer.StartAsync(new() { Release = release, Settings = settings, Files = files }, MySqlRoom.Ct), Assert.Skip);

    private static async Task<bool> CanOpenAsync(MySqlServer server, string user, string password)
    {
        try
        {
            await (await server.OpenAsync(user: user, password: password, ct: MySqlRoom.Ct)).DisposeAsync();
            return true;
        }
        catch (MySqlException)
        {
            return false;
        }
    }
}
