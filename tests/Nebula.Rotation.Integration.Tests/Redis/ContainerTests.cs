using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using StackExchange.Redis;
using Testcontainers.Redis;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>
/// A whole rotation on the releases that the other tests do not run on, in containers, where a Docker engine answers. The images are those of NEBULA_TEST_REDIS_IMAGE
/// (several with a comma between), else redis:6.0 to redis:8 and valkey.
/// </summary>
public sealed class ContainerTests
{
    private static readonly string[] Wanted = Environment.GetEnvironmentVariable("NEBULA_TEST_REDIS_IMAGE") is { Length: > 0 } given
        ? given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        : ["redis:6.0", "redis:6.2", "redis:7.2", "redis:8", "valkey/valkey:8"];

    public static TheoryData<string> Images => DockerAnswers ? [.. Wanted] : [string.Join(", ", Wanted)];

    public static bool DockerAnswers => Servers.ContainerTests.DockerAnswers;

    [Theory(DisableDiscoveryEnumeration = true, Skip = "no Docker engine answers", SkipUnless = nameof(DockerAnswers))]
    [MemberData(nameof(Images))]
    public async Task A_login_is_rotated_and_has_what_it_had_in(string image)
    {
        await using var container = new RedisBuilder(image).Build();
        await container.StartAsync(TestContext.Current.CancellationToken);
        var (host, port) = (container.Hostname, container.GetMappedPublicPort(6379));
        await using var driver = await ConnectionMultiplexer.ConnectAsync($"{host}:{port},allowAdmin=true");
        var server = driver.GetServer(host, port);
        await server.ExecuteAsync("ACL", ["SETUSER", "admin", "on", ">admin", "~*", "+@all", .. image.Contains(":6.0", StringComparison.Ordinal) ? Array.Empty<object>() : ["&*"]], CommandFlags.None);
        await server.ExecuteAsync("ACL", "SETUSER", "app", "on", ">first", "~app:*", "~cache:*", "-@all", "+@read", "-get", "+@write", "+set", "+ping", "+config|get");
        var folder = Directory.CreateTempSubdirectory("nebula-redis-");
        try
        {
            await using var service = Scene.NewService(await Scene.OpenStoreAsync(Path.Combine(folder.FullName, "store.db"), create: true));
            var credential = new DatabaseCredential { Name = "app", DatabaseType = DatabaseType.Redis, HostName = [host], Port = port, Database = "0", Username = "app", SslMode = SslMode.Disable };
            await service.AddAsync(new() { Credential = credential, Login = new("app", new("first")), Admin = new("admin", new("admin")) }, RedisScene.Ct);
            await using var admin = await new RedisEngine().ConnectAdminAsync(credential, new("admin", new("admin")), RedisScene.Ct);
            var before = await admin.ReadSnapshotAsync("app", RedisScene.Ct);

            Assert.Equal(RotationState.Completed, (await service.RotateAsync(Scene.Request(), new Observer(), RedisScene.Ct)).State);

            var live = await service.GetLoginAsync("app", DatabaseCredential.DefaultScope, RedisScene.Ct);
            var after = await admin.ReadSnapshotAsync(live.Username, RedisScene.Ct);
            Assert.Equal(before.Facts.Select(fact => fact.ToString()).Order(), after.Facts.Select(fact => fact.ToString()).Order());
            Assert.False((await admin.ReadSnapshotAsync("app", RedisScene.Ct)).Exists);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
