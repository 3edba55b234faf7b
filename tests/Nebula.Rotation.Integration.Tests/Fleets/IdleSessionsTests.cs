using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Integration.Tests.Faults;
using Nebula.Rotation.Integration.Tests.MongoDb;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>What the rotations of one run leave to each other: an admin's session.</summary>
public abstract class IdleSessionsTests
{
    public sealed class OnPostgres(SharedPostgres postgres) : IdleSessionsTests
    {
        private protected override async Task<FaultScene> CreateSceneAsync() => await PostgresFaultScene.CreateAsync(await postgres.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMariaDb(SharedMariaDb mysql) : IdleSessionsTests
    {
        private protected override async Task<FaultScene> CreateSceneAsync() => await MySqlFaultScene.CreateAsync(await mysql.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMySql(SharedMySql9 mysql) : IdleSessionsTests
    {
        private protected override async Task<FaultScene> CreateSceneAsync() => await MySqlFaultScene.CreateAsync(await mysql.ServerAsync(), hasApplication: false);
    }

    public sealed class OnRedis(SharedRedis redis) : IdleSessionsTests
    {
        private protected override async Task<FaultScene> CreateSceneAsync() => await RedisFaultScene.CreateAsync(await redis.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMongoDb(SharedMongoServer mongo) : IdleSessionsTests, IClassFixture<SharedMongoServer>
    {
        private protected override async Task<FaultScene> CreateSceneAsync() => await MongoFaultScene.CreateAsync(await mongo.ServerAsync(), hasApplication: false);
    }

    private protected abstract Task<FaultScene> CreateSceneAsync();

    [Fact]
    public async Task The_next_one_on_a_server_takes_over_what_the_last_one_left()
    {
        await using var scene = await CreateSceneAsync();
        await using var admins = await Admins.CreateAsync(scene);

        await admins.WorkAsync();
        var opened = admins.Opened;
        await admins.WorkAsync();
        Assert.Equal(opened, admins.Opened);
    }

    [Fact]
    public async Task No_lock_is_left_with_it()
    {
        await using var scene = await CreateSceneAsync();
        await using var admins = await Admins.CreateAsync(scene);

        await admins.WorkAsync();
        var opened = admins.Opened;
        // Whoever finds the lock taken ends the session that has it.
        await admins.WorkAloneAsync();
        var alone = admins.Opened - opened;
        await admins.WorkAsync();
        Assert.Equal(opened + alone, admins.Opened);
    }

    [Fact]
    public async Task One_that_was_lost_is_replaced()
    {
        await using var scene = await CreateSceneAsync();
        await using var admins = await Admins.CreateAsync(scene);

        await admins.WorkAsync();
        var opened = admins.Opened;
        admins.CutAll();
        await admins.WorkAsync();
        Assert.True(admins.Opened > opened);
    }

    [Fact]
    public async Task None_is_kept_of_a_login_that_is_rotated_itself()
    {
        await using var scene = await CreateSceneAsync();
        await using var admins = await Admins.CreateAsync(scene);

        await admins.WorkAsync();
        var opened = admins.Opened;
        await admins.Idle.RefuseAsync(admins.Username);
        await admins.WorkAsync();
        var once = admins.Opened;
        Assert.True(once > opened);
        await admins.WorkAsync();
        Assert.True(admins.Opened > once);
    }

    /// <summary>Admins that come through a relay, which counts them.</summary>
    private sealed class Admins : IAsyncDisposable
    {
        private readonly FaultScene _scene;
        private readonly Login _admin;
        private readonly TcpRelay _relay;
        private int _opened;
        private int _cuts;

        private Admins(FaultScene scene, Login admin)
        {
            (_scene, _admin) = (scene, admin);
            _relay = new("127.0.0.1", scene.Proxy.Port, () =>
            {
                Interlocked.Increment(ref _opened);
                return new Connection(this);
            });
        }

        public IdleSessions Idle { get; } = new(TimeProvider.System);

        public string Username => _admin.Username;

        public int Opened => Volatile.Read(ref _opened);

        public static async Task<Admins> CreateAsync(FaultScene scene) => new(scene, (await scene.Store.GetAdminLoginAsync(scene.Credential.Id, Scene.Ct))!);

        /// <summary>What is open now breaks with the next thing that is said.</summary>
        public void CutAll() => Interlocked.Increment(ref _cuts);

        public Task WorkAsync() => WorkAsync(Idle);

        public Task WorkAloneAsync() => WorkAsync(null);

        public async ValueTask DisposeAsync()
        {
            await Idle.DisposeAsync();
            await _relay.DisposeAsync();
        }

        private async Task WorkAsync(IdleSessions? idle)
        {
            await using var connection = await _scene.Engine.ConnectAdminAsync(_scene.Credential with { HostName = ["127.0.0.1"], Port = _relay.Port }, _admin, idle, Scene.Ct);
            await connection.LockTargetAsync(_scene.Credential.Username, Scene.Ct);
            Assert.True((await connection.ReadSnapshotAsync(_scene.Credential.Username, Scene.Ct)).Exists);
            Assert.True(Opened > 0);
        }

        private sealed class Connection(Admins admins) : RelayedConnection
        {
            private readonly int _cuts = Volatile.Read(ref admins._cuts);

            public override Task<bool> AskAsync(ReadOnlyMemory<byte> chunk, Stream server, CancellationToken stop) =>
                Volatile.Read(ref admins._cuts) > _cuts ? Task.FromResult(false) : base.AskAsync(chunk, server, stop);
        }
    }
}
