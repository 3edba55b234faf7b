using System.Globalization;
using MongoDB.Bson;
using MySqlConnector;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Integration.Tests.MongoDb;
using Nebula.Rotation.Integration.Tests.MySql;
using Nebula.Rotation.Integration.Tests.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Leases;

/// <summary>
/// A runner that sleeps (SIGSTOP) for longer than its lease while another process takes over and finishes. When it wakes it writes nothing to the store
/// (LeaseLost). Where the server has locks, the successor has ended its session and taken its lock; where it has none, it asks before it changes something.
/// </summary>
public static class PausedRunnerTests
{
    /// <summary>Parts of the way through a rotation: with the login made, before the flip, after it, while the old login goes.</summary>
    private static readonly double[] Points = [0.3, 0.55, 0.8];

    public sealed class OnPostgreSql(SharedPostgres postgres)
    {
        [Fact]
        public async Task The_successor_ends_its_session_and_takes_its_lock_and_it_does_nothing_more()
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGSTOP and /proc");
            (int Writes, TimeSpan Lease) whole;
            await using (var counted = await Scene.CreateAsync(postgres))
                whole = await PausedRunner.CountAsync(counted.StorePath);
            var forward = 0;
            foreach (var part in Points)
            {
                await using var scene = await Scene.CreateAsync(postgres);
                using var runner = await PausedRunner.PauseAsync(scene.StorePath, (int)(part * whole.Writes), whole.Lease);
                var sessions = await SessionsAsync(scene);
                Assert.NotEmpty(sessions);

                var record = await TakeOverAsync(scene.Service, Scene.Request());
                forward += record.State == RotationState.Completed ? 1 : 0;
                Assert.Empty((await SessionsAsync(scene)).Intersect(sessions));
                var logins = await scene.LoginsAsync();
                Assert.Equal([(await scene.LiveAsync()).Username], logins);

                Assert.Equal(nameof(RotationErrorCode.LeaseLost), await runner.WakeAsync());
                Assert.Equal(logins, await scene.LoginsAsync());
                await AssertUntouchedAsync(scene.Service, record);
                await using var still = await scene.ConnectAsync(await scene.LiveAsync());
            }

            Assert.InRange(forward, 1, Points.Length - 1);
        }

        /// <summary>Server processes of runners that hold a lock of ours.</summary>
        private static async Task<List<int>> SessionsAsync(Scene scene)
        {
            await using var connection = await scene.Database.OpenAsync();
            await using var command = new NpgsqlCommand(
                "SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 1315267189 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", connection);
            List<int> found = [];
            await using var rows = await command.ExecuteReaderAsync(Scene.Ct);
            while (await rows.ReadAsync(Scene.Ct))
                found.Add(rows.GetInt32(0));
            return found;
        }
    }

    public sealed class OnMariaDb(SharedMariaDb mysql)
    {
        [Fact]
        public async Task The_successor_ends_its_session_and_takes_its_lock_and_it_does_nothing_more()
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGSTOP and /proc");
            (int Writes, TimeSpan Lease) whole;
            await using (var counted = await MySqlScene.CreateAsync(mysql, withDefiners: false))
                whole = await PausedRunner.CountAsync(counted.StorePath);
            var forward = 0;
            foreach (var part in Points)
            {
                await using var scene = await MySqlScene.CreateAsync(mysql, withDefiners: false);
                using var runner = await PausedRunner.PauseAsync(scene.StorePath, (int)(part * whole.Writes), whole.Lease);
                var holder = await HolderAsync(scene);
                Assert.NotNull(holder);

                var record = await TakeOverAsync(scene.Service, MySqlScene.Request());
                forward += record.State == RotationState.Completed ? 1 : 0;
                await Eventually.HoldsAsync(async () => !await IsThereAsync(scene, holder!.Value), "the session of the runner that sleeps is gone");
                var logins = await scene.LoginsAsync();
                Assert.Equal([(await scene.LiveAsync()).Username], logins);

                Assert.Equal(nameof(RotationErrorCode.LeaseLost), await runner.WakeAsync());
                Assert.Equal(logins, await scene.LoginsAsync());
                await AssertUntouchedAsync(scene.Service, record);
                await using var still = await scene.ConnectAsync(await scene.LiveAsync());
            }

            Assert.InRange(forward, 1, Points.Length - 1);
        }

        private static async Task<long?> HolderAsync(MySqlScene scene)
        {
            await using var connection = await scene.Server.OpenAsync(ct: MySqlScene.Ct);
            await using var command = new MySqlCommand("SELECT IS_USED_LOCK(@name)", connection) { Parameters = { new("name", MySqlTargetLock.Name(scene.OldLogin)) } };
            return await command.ExecuteScalarAsync(MySqlScene.Ct) is { } id and not DBNull ? Convert.ToInt64(id, CultureInfo.InvariantCulture) : null;
        }

        private static async Task<bool> IsThereAsync(MySqlScene scene, long id)
        {
            await using var connection = await scene.Server.OpenAsync(ct: MySqlScene.Ct);
            await using var command = new MySqlCommand("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = @id", connection) { Parameters = { new("id", id) } };
            return Convert.ToInt64(await command.ExecuteScalarAsync(MySqlScene.Ct), CultureInfo.InvariantCulture) > 0;
        }
    }

    public sealed class OnRedis(SharedRedis redis)
    {
        private static readonly string[] Changing = ["acl|setuser", "acl|deluser", "acl|save", "client|kill", "config|rewrite", "config|set"];

        [Fact]
        public async Task The_successor_finishes_and_it_does_no_command_that_changes_anything()
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGSTOP and /proc");
            // Of its own: what it was sent is counted.
            await using var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { Release = redis.Release }, RedisScene.Ct), Assert.Skip);
            var deployment = Deployment.Of(server);
            (int Writes, TimeSpan Lease) whole;
            await using (var counted = await RedisScene.CreateAsync(deployment))
                whole = await PausedRunner.CountAsync(counted.StorePath);
            var forward = 0;
            foreach (var part in Points)
            {
                await using var scene = await RedisScene.CreateAsync(deployment);
                using var runner = await PausedRunner.PauseAsync(scene.StorePath, (int)(part * whole.Writes), whole.Lease);

                var record = await TakeOverAsync(scene.Service, RedisScene.Request());
                forward += record.State == RotationState.Completed ? 1 : 0;
                var live = await scene.LiveAsync();
                await scene.AssertOnlyAsync(live, live.Username == scene.OldLogin ? record.NewUsername : scene.OldLogin);
                var before = await CountsAsync(scene);

                Assert.Equal(nameof(RotationErrorCode.LeaseLost), await runner.WakeAsync());
                Assert.Equal(before, await CountsAsync(scene));
                await AssertUntouchedAsync(scene.Service, record);
                await scene.AssertOnlyAsync(live, live.Username == scene.OldLogin ? record.NewUsername : scene.OldLogin);
            }

            Assert.InRange(forward, 1, Points.Length - 1);
        }

        /// <summary>How often the server was sent each command that changes something.</summary>
        private static async Task<string> CountsAsync(RedisScene scene)
        {
            var text = (await scene.Server.ExecuteAsync("INFO", "commandstats"))?.ToString() ?? "";
            var counted = text.Split('\n').Where(line => Changing.Any(name => line.StartsWith($"cmdstat_{name}:", StringComparison.Ordinal))).Select(line => line.Split(',')[0]).ToList();
            Assert.NotEmpty(counted);
            return string.Join(' ', counted.Order(StringComparer.Ordinal));
        }
    }

    public sealed class OnMongoDb(SharedMongoServer mongo) : IClassFixture<SharedMongoServer>
    {
        [Fact]
        public async Task The_successor_finishes_and_it_does_no_command_that_changes_anything()
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGSTOP and /proc");
            (int Writes, TimeSpan Lease) whole;
            await using (var counted = await MongoScene.CreateAsync(await mongo.ServerAsync()))
                whole = await PausedRunner.CountAsync(counted.StorePath);
            var forward = 0;
            foreach (var part in Points)
            {
                await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
                using var runner = await PausedRunner.PauseAsync(scene.StorePath, (int)(part * whole.Writes), whole.Lease);

                var record = await TakeOverAsync(scene.Service, MongoScene.Request());
                forward += record.State == RotationState.Completed ? 1 : 0;
                var live = await scene.LiveAsync();
                Assert.Equal([live.Username], await scene.UsersAsync());
                var before = await DescribeAsync(scene);

                Assert.Equal(nameof(RotationErrorCode.LeaseLost), await runner.WakeAsync());
                Assert.Equal(before, await DescribeAsync(scene));
                await AssertUntouchedAsync(scene.Service, record);
                Assert.True(await scene.LogsInAsync(live.Username, live.Password.Reveal()));
            }

            Assert.InRange(forward, 1, Points.Length - 1);
        }

        /// <summary>Every user as the server has it, keys included: what a command of the runner's would have changed.</summary>
        private static async Task<string> DescribeAsync(MongoScene scene) =>
            (await scene.AdminAsync(new BsonDocument { { "usersInfo", 1 }, { "showCredentials", true } }, scene.AuthSource))["users"].ToJson();
    }

    private static async Task<RotationRecord> TakeOverAsync(RotationService service, RotationRequest request)
    {
        while (true)
        {
            try
            {
                var record = await service.ResumeAsync(request, new Observer(), Scene.Ct);
                Assert.Contains(record.State, new[] { RotationState.Completed, RotationState.RolledBack });
                return record;
            }
            catch (RotationException exception) when (exception.Code == RotationErrorCode.LeaseHeld)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), Scene.Ct);
            }
        }
    }

    private static async Task AssertUntouchedAsync(RotationService service, RotationRecord record)
    {
        var now = Assert.Single(await service.GetRotationsAsync(new(), Scene.Ct));
        Assert.Equal((record.State, record.Stages.Count, record.FinishedAt), (now.State, now.Stages.Count, now.FinishedAt));
        Assert.True((await service.TestAuditAsync(null, Scene.Ct)).IsIntact);
    }
}
