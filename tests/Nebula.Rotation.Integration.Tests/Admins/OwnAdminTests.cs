using Nebula.Rotation.Engine;
using Nebula.Rotation.Integration.Tests.MySql;
using Nebula.Rotation.Integration.Tests.PostgreSql;
using Nebula.Rotation.Integration.Tests.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Admins;

/// <summary>An admin login that is a credential of the store itself: it rotates others, and itself.</summary>
public sealed class OwnAdminTests(SharedPostgres postgres, SharedPostgres18 postgres18, SharedMariaDb mariaDb, SharedRedis redis)
{
    private const string Password = "first-Password.1";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task On_PostgreSQL_an_admin_rotates_itself_and_then_others_as_its_new_login(bool is18)
    {
        await using var database = await (is18 ? postgres18 : postgres).NewDatabaseAsync("own_admin");
        var (boss, app) = (database.NewRoleName("boss"), await database.NewLoginAsync("app", Password));
        await database.ExecuteAsync($"CREATE ROLE {boss} LOGIN SUPERUSER PASSWORD '{Password}'; CREATE TABLE t (id integer); GRANT SELECT ON t TO {app}");
        await StoryAsync(
            login => Room.CredentialFor(database.Server, database.Name, login), boss, app,
            names =>
            {
                foreach (var name in names)
                    database.Adopt(name);
                return Task.CompletedTask;
            });
    }

    [Fact]
    public async Task On_MariaDB_an_admin_rotates_itself_and_then_others_as_its_new_login()
    {
        await using var room = await MySqlRoom.OpenAsync(mariaDb);
        var (boss, app) = (await room.NewLoginAsync("boss", Password), await room.NewLoginAsync("app", Password));
        await room.ExecuteAsync("GRANT ALL PRIVILEGES ON *.* TO {0}@'%' WITH GRANT OPTION", boss);
        await room.ExecuteAsync($"GRANT SELECT ON {MySqlServer.Identifier(room.Database)}.* TO {{0}}@'%'", app);
        await StoryAsync(
            login => MySqlRoom.CredentialFor(room.Server, room.Database, login), boss, app,
            async names =>
            {
                foreach (var name in names)
                    await MySqlRoom.DropAsync(room.Server, name);
            });
    }

    [Fact]
    public async Task On_Redis_an_admin_rotates_itself_and_then_others_as_its_new_login()
    {
        var server = await redis.ServerAsync();
        var suffix = Guid.NewGuid().ToString("N")[..8];
        var (boss, app) = ($"boss_{suffix}", $"app_{suffix}");
        await server.ExecuteAsync("ACL", "SETUSER", boss, "reset", "on", ">" + Password, "~*", "&*", "+@all");
        await server.ExecuteAsync("ACL", "SETUSER", app, "reset", "on", ">" + Password, "~app:*", "+@read", "+ping", "+@connection");
        await StoryAsync(
            login => RedisScene.CredentialFor(Deployment.Of(server), login), boss, app, names => server.ExecuteAsync(["ACL", "DELUSER", .. names]));
    }

    private static async Task StoryAsync(Func<string, DatabaseCredential> credentialFor, string boss, string app, Func<IEnumerable<string>, Task> drop)
    {
        var folder = Directory.CreateTempSubdirectory("nebula-own-admin-");
        var store = await Scene.OpenStoreAsync(Path.Combine(folder.FullName, "store.db"), create: true);
        await using var service = Scene.NewService(store);
        try
        {
            await AddAsync(service, credentialFor(boss) with { Name = "boss", AdminCredentialName = "boss" });
            await AddAsync(service, credentialFor(app) with { Name = "app", AdminCredentialName = "boss" });

            // In one run: the admin after the one that uses it.
            var order = new List<string>();
            var summary = await service.RotateManyAsync(
                new() { Members = [Member("boss"), Member("app")], ThrottleLimit = 2 }, new Order(order), Scene.Ct);
            Assert.True(summary.Rotated == 2, string.Join("; ", summary.Results.Select(result => result.Message)));
            Assert.Equal(["app", "boss"], order);
            Assert.NotEqual(boss, (await store.FindAsync("boss", "global", Scene.Ct))!.Username);

            // By its new login, and once more itself.
            foreach (var name in new[] { "app", "boss" })
                Assert.Equal(RotationState.Completed, (await service.RotateAsync(Member(name).Request, new Observer(), Scene.Ct)).State);
            foreach (var name in new[] { "app", "boss" })
                Assert.All(await service.TestAsync(name, "global", null, Scene.Ct), test => Assert.True(test.Succeeded && test.Message is not null, test.Message));
            Assert.All(await store.ListRotationsAsync(new(), Scene.Ct), record => Assert.Equal(RotationState.Completed, record.State));
        }
        finally
        {
            await drop((await store.ListRotationsAsync(new(), CancellationToken.None)).SelectMany(record => new[] { record.OldUsername, record.NewUsername }).Append(boss).Append(app).Distinct());
            folder.Delete(recursive: true);
        }
    }

    private static Task<DatabaseCredential> AddAsync(RotationService service, DatabaseCredential credential) =>
        service.AddAsync(new() { Credential = credential, Login = new(credential.Username, new(Password)) }, Scene.Ct);

    private static FleetMember Member(string name) => new() { Request = new() { Name = name, GracePeriod = TimeSpan.FromMilliseconds(50) } };

    private sealed class Order(List<string> order) : IFleetObserver
    {
        public IRotationObserver OnBegin(FleetMember member)
        {
            order.Add(member.Request.Name);
            return new Observer();
        }

        public Task<bool> OnEndAsync(FleetResult result, Exception? exception)
        {
            Assert.True(exception is null, $"{result.Credential}: {exception}");
            return Task.FromResult(true);
        }

        public void OnMessage(RotationMessageKind kind, string message) => Assert.Fail(message);
    }
}
