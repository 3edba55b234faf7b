using System.Text.Encodings.Web;
using System.Text.Json;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Integration.Tests.MongoDb;
using Nebula.Rotation.Integration.Tests.MySql;
using Nebula.Rotation.Integration.Tests.Redis;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>
/// The column "Undone by" of the stage table in docs/architecture.md on real servers, row by row: a stage is broken off by the store, which refuses to take
/// down that it ended. Engine.Tests/Workflow/UndoTable has the table, and the same on a model with every kind of ending.
/// </summary>
public abstract class UndoTableTests
{
    private const RotationStage AfterTheDrop = RotationStage.Complete;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public sealed class OnPostgres(SharedPostgres postgres) : UndoTableTests
    {
        internal override async Task InSceneAsync(Func<UndoScene, Task> work)
        {
            await using var scene = await Scene.CreateAsync(postgres);
            await work(new(scene.Store, scene.Credential, EngineRegistry.Default.Get(DatabaseType.PostgreSql)));
        }
    }

    public sealed class OnMariaDb(SharedMariaDb mariaDb) : MySqlTests(mariaDb);

    public sealed class OnMySql(SharedMySql9 mysql) : MySqlTests(mysql);

    public abstract class MySqlTests(SharedMySql mysql) : UndoTableTests
    {
        internal override async Task InSceneAsync(Func<UndoScene, Task> work)
        {
            await using var scene = await MySqlScene.CreateAsync(
                mysql, static credential => credential with { Option = new Dictionary<string, string> { ["Definers"] = "Recreate" } });
            await work(new(scene.Store, scene.Credential, EngineRegistry.Default.Get(DatabaseType.MySql)));
        }
    }

    public sealed class OnRedis(SharedRedis redis) : UndoTableTests
    {
        internal override async Task InSceneAsync(Func<UndoScene, Task> work)
        {
            await using var scene = await RedisScene.CreateAsync(Deployment.Of(await redis.ServerAsync()));
            await work(new(scene.Store, scene.Credential, EngineRegistry.Default.Get(DatabaseType.Redis)));
        }
    }

    public sealed class OnMongoDb(SharedMongoServer mongo) : UndoTableTests, IClassFixture<SharedMongoServer>
    {
        internal override async Task InSceneAsync(Func<UndoScene, Task> work)
        {
            await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
            await work(new(scene.Store, scene.Credential, scene.Engine));
        }
    }

    [Theory]
    [InlineData(RotationStage.Prepare)]
    [InlineData(RotationStage.CreateLogin)]
    [InlineData(RotationStage.ClonePermissions)]
    [InlineData(RotationStage.Verify)]
    [InlineData(RotationStage.Publish)]
    public Task Before_the_flip_everything_is_as_it_was(RotationStage stage) => InSceneAsync(async scene =>
    {
        var target = await scene.GiveTargetAsync();
        var text = await File.ReadAllTextAsync(target, Ct);
        var before = await scene.ReadAsync(scene.Old.Username);

        await scene.BreakAsync(stage);

        await scene.AssertLiveAsync(scene.Old, before);
        Assert.Equal(text, await File.ReadAllTextAsync(target, Ct));
        var record = await scene.LastAsync();
        Assert.Equal(stage == RotationStage.Prepare ? null : RotationState.RolledBack, record?.State);
        if (record is not null)
            Assert.False((await scene.ReadAsync(record.NewUsername)).Exists);
    });

    [Theory]
    [InlineData(RotationStage.Drain)]
    [InlineData(RotationStage.Retire)]
    [InlineData(AfterTheDrop)]
    public Task After_the_flip_an_undo_makes_the_old_login_live_again_with_all_it_had(RotationStage stage) => InSceneAsync(async scene =>
    {
        var target = await scene.GiveTargetAsync();
        var text = await File.ReadAllTextAsync(target, Ct);
        var before = await scene.ReadAsync(scene.Old.Username);
        await scene.BreakAsync(stage);
        var record = (await scene.LastAsync())!;
        Assert.Equal(RotationState.Draining, record.State);
        Assert.NotEqual(text, await File.ReadAllTextAsync(target, Ct));
        var old = await scene.ReadAsync(scene.Old.Username);
        Assert.Equal((stage != AfterTheDrop, stage == RotationStage.Drain), (old.Exists, old is { Exists: true, CanLogIn: true }));

        var undone = await scene.Service().UndoAsync(UndoScene.Request, new Observer(), Ct);

        Assert.Equal((RotationKind.Undo, RotationState.Completed), (undone.Kind, undone.State));
        await scene.AssertLiveAsync(scene.Old, before);
        Assert.Equal(text, await File.ReadAllTextAsync(target, Ct));
        Assert.False((await scene.ReadAsync(record.NewUsername)).Exists);
    });

    internal abstract Task InSceneAsync(Func<UndoScene, Task> work);

    /// <summary>A credential of any engine, seen through the engine's own interfaces.</summary>
    internal sealed class UndoScene(ICredentialStore store, DatabaseCredential credential, IDatabaseEngine engine)
    {
        /// <summary>Nothing is escaped that need not be, as the target writes it: then what is put back is the same text.</summary>
        private static readonly JsonSerializerOptions AsWritten = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

        public static RotationRequest Request { get; } = new() { Name = "app", GracePeriod = TimeSpan.FromMilliseconds(50) };

        public Login Old { get; private set; } = null!;

        /// <summary>A file that the login is published to.</summary>
        public async Task<string> GiveTargetAsync()
        {
            Old = (await store.GetCurrentLoginAsync(credential.Id, Ct)).Login;
            var path = Path.Combine(Path.GetDirectoryName(store.Location)!, "app.json");
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new { U = Old.Username, P = Old.Password.Reveal() }, AsWritten), Ct);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var target = new PublishTarget
            {
                Id = Guid.NewGuid(),
                Credential = credential.Name,
                Kind = PublishTargetKind.JsonFile,
                Path = path,
                Entries = new Dictionary<string, PublishFormat> { ["U"] = PublishFormat.Username, ["P"] = PublishFormat.Password },
            };
            credential = await store.UpdateAsync((await store.FindAsync("app", credential.Scope, Ct))! with { PublishTargets = [target] }, null, null, Ct);
            return path;
        }

        public async Task BreakAsync(RotationStage stage)
        {
            var exception = await Assert.ThrowsAsync<RotationException>(() => Service(BrokenStore.Around(store, IsHere(stage))).RotateAsync(Request, new Observer(), Ct));
            Assert.Contains("broken on purpose", exception.Message, StringComparison.Ordinal);
        }

        public RotationService Service(ICredentialStore? broken = null) =>
            new(new(broken ?? store, new EngineRegistry([new(credential.DatabaseType, () => engine)]), TimeProvider.System, Scene.Timing));

        public async Task<LoginSnapshot> ReadAsync(string username)
        {
            await using var admin = await engine.ConnectAdminAsync(credential, (await store.GetAdminLoginAsync(credential.Id, Ct))!, Ct);
            return await admin.ReadSnapshotAsync(username, Ct);
        }

        public async Task<RotationRecord?> LastAsync()
        {
            var records = await store.ListRotationsAsync(new() { Name = "app", Last = 1 }, Ct);
            return records.Count > 0 ? records[0] : null;
        }

        /// <summary>The store names the login, it logs in, and has what it had.</summary>
        public async Task AssertLiveAsync(Login login, LoginSnapshot before)
        {
            var live = (await store.GetCurrentLoginAsync(credential.Id, Ct)).Login;
            Assert.Equal((login.Username, login.Password), (live.Username, live.Password));
            Assert.All(await engine.CheckLoginAsync(credential, live, null, Ct), static check => Assert.True(check.Succeeded, check.Message));
            var now = await ReadAsync(login.Username);
            Assert.True(now.CanLogIn);
            var diff = engine.Planner.Compare(before, now, afterMove: true);
            Assert.True(diff.Missing.Count == 0 && diff.Extra.Count == 0, string.Join("; ", diff.Missing.Concat(diff.Extra)));
        }

        private static Func<string, object?[], bool> IsHere(RotationStage stage) => (method, arguments) => stage switch
        {
            RotationStage.Prepare => method == nameof(ICredentialStore.BeginRotationAsync),
            RotationStage.Publish => method == nameof(ICredentialStore.PublishVersionAsync),
            RotationStage.Retire => method == nameof(ICredentialStore.AppendJournalAsync) && arguments[2] is JournalEntry { Step: Steps.Drop, Phase: JournalPhase.Intent },
            _ => method == nameof(ICredentialStore.AppendStageAsync) && arguments[1] is StageResult ended && ended.Stage == stage && ended.Status == StageStatus.Succeeded,
        };
    }
}
