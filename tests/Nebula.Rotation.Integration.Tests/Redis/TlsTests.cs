using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Topology;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Every mode of TLS against right and wrong certificates, with and without a client's own.</summary>
public abstract class TlsTests(SharedRedis redis) : IAsyncLifetime
{
    public sealed class OnDistribution(SharedRedis redis) : TlsTests(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : TlsTests(redis);

    public sealed class OnValkey(SharedValkey redis) : TlsTests(redis);

    private readonly TestAuthority _authority = new("the test's authority");
    private readonly TestAuthority _foreign = new("another authority");
    private DirectoryInfo _folder = null!;

    [Theory]
    [InlineData(SslMode.Disable, "127.0.0.1", true, false)]
    [InlineData(SslMode.Prefer, "elsewhere.example", false, true)]
    [InlineData(SslMode.Require, "elsewhere.example", false, true)]
    [InlineData(SslMode.VerifyCA, "elsewhere.example", true, true)]
    [InlineData(SslMode.VerifyCA, "127.0.0.1", false, false)]
    [InlineData(SslMode.VerifyFull, "127.0.0.1", true, true)]
    [InlineData(SslMode.VerifyFull, "elsewhere.example", true, false)]
    public async Task A_mode_checks_what_it_says(SslMode mode, string shownName, bool trusted, bool succeeds)
    {
        await using var server = await StartAsync(shownName, asksForCertificate: false);
        var credential = CredentialFor(server) with { SslMode = mode, CACertificate = Path(trusted ? "authority.pem" : "foreign.pem") };

        var result = Assert.Single(await new RedisEngine().CheckLoginAsync(credential, new("admin", new(server.Redis.AdminPassword)), null, RedisScene.Ct));

        Assert.True(succeeds == result.Succeeded, result.Message);
        if (!succeeds)
            Assert.Equal(RotationErrorCode.ServerUnreachable, result.ErrorCode);
    }

    [Fact]
    public async Task A_plain_port_is_taken_by_Prefer_and_refused_by_Require_in_bounded_time()
    {
        var server = await redis.ServerAsync();
        var credential = RedisScene.CredentialFor(Deployment.Of(server), "admin") with { ConnectionTimeout = TimeSpan.FromSeconds(2) };
        var login = new Login(server.AdminUser, new(server.AdminPassword));

        Assert.True(Assert.Single(await new RedisEngine().CheckLoginAsync(credential with { SslMode = SslMode.Prefer }, login, null, RedisScene.Ct)).Succeeded);
        var result = Assert.Single(await new RedisEngine().CheckLoginAsync(credential with { SslMode = SslMode.Require }, login, null, RedisScene.Ct));
        Assert.Equal((false, RotationErrorCode.ServerUnreachable), (result.Succeeded, result.ErrorCode));
    }

    [Fact]
    public async Task A_rotation_goes_over_TLS_with_a_certificate_of_the_clients_own_and_not_without()
    {
        await using var server = await StartAsync("127.0.0.1", asksForCertificate: true);
        var (certificate, key) = _authority.IssueClient("nebula");
        await File.WriteAllTextAsync(Path("client.crt"), certificate, RedisScene.Ct);
        await File.WriteAllTextAsync(Path("client.key"), key, RedisScene.Ct);
        var without = CredentialFor(server) with { SslMode = SslMode.VerifyFull, CACertificate = Path("authority.pem") };
        var admin = new Login("admin", new(server.Redis.AdminPassword));
        var refused = await Assert.ThrowsAsync<RotationException>(() => new RedisEngine().ConnectAdminAsync(without, admin, RedisScene.Ct));
        Assert.Equal(RotationErrorCode.ServerUnreachable, refused.Code);

        await using var scene = await RedisScene.CreateAsync(
            Deployment.Of(server.Redis),
            change: credential => without with
            {
                Username = credential.Username,
                Option = new Dictionary<string, string> { ["ClientCertificate"] = Path("client.crt"), ["ClientKey"] = Path("client.key") },
            });
        Assert.Equal(RotationState.Completed, (await scene.RotateAsync()).State);

        await scene.AssertOnlyAsync(await scene.LiveAsync(), scene.OldLogin);
        Assert.All(await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, RedisScene.Ct), result => Assert.True(result.Succeeded, result.Message));
    }

    public async ValueTask InitializeAsync()
    {
        // Under /tmp: the server's own account must be able to read.
        _folder = Directory.CreateDirectory($"/tmp/nebula-redis-tls-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(Path("authority.pem"), _authority.Pem);
        await File.WriteAllTextAsync(Path("foreign.pem"), _foreign.Pem);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        _authority.Dispose();
        _foreign.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    private static DatabaseCredential CredentialFor(TlsNode server) =>
        RedisScene.CredentialFor(Deployment.Of(server.Redis), "admin") with { HostName = [$"127.0.0.1:{server.TlsPort}"], ConnectionTimeout = TimeSpan.FromSeconds(10) };

    private async Task<TlsNode> StartAsync(string name, bool asksForCertificate)
    {
        var (certificate, key) = _authority.Issue(name);
        await File.WriteAllTextAsync(Path("server.crt"), certificate, RedisScene.Ct);
        await File.WriteAllTextAsync(Path("server.key"), key, RedisScene.Ct);
        var port = FreePort.Find();
        string[] configuration =
        [
            $"tls-port {port}",
            $"tls-cert-file {Path("server.crt")}",
            $"tls-key-file {Path("server.key")}",
            $"tls-ca-cert-file {Path("authority.pem")}",
            $"tls-auth-clients {(asksForCertificate ? "yes" : "no")}",
        ];
        return new(await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { Release = redis.Release, Configuration = configuration }, RedisScene.Ct), Assert.Skip), port);
    }

    private sealed record TlsNode(RedisServer Redis, int TlsPort) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Redis.DisposeAsync();
    }
}
