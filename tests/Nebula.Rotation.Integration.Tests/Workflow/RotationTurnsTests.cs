using MySqlConnector;
using Nebula.Rotation.Integration.Tests.Faults;
using Nebula.Rotation.Integration.Tests.MongoDb;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>
/// How often a whole rotation speaks to its server and waits for an answer, handshakes of its connections included. One that takes more than it did has a reason,
/// or a fault; one that takes less is to be held to that.
/// </summary>
public abstract class RotationTurnsTests
{
    public sealed class OnPostgres(SharedPostgres postgres) : RotationTurnsTests
    {
        private protected override int Turns => 55;

        private protected override async Task<FaultScene> CreateSceneAsync() => await PostgresFaultScene.CreateAsync(await postgres.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMariaDb(SharedMariaDb mysql) : RotationTurnsTests
    {
        private protected override int Turns => 44;

        private protected override async Task<FaultScene> CreateSceneAsync() => await MySqlFaultScene.CreateAsync(await mysql.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMySql(SharedMySql9 mysql) : RotationTurnsTests, IDisposable
    {
        private readonly string _key = Path.GetTempFileName();

        private protected override int Turns => 45;

        // TLS has turns of its own, and its records are not statements. Without it, the server's key hides the password.
        private protected override async Task<FaultScene> CreateSceneAsync()
        {
            var server = await mysql.ServerAsync();
            await using var connection = await server.OpenAsync(ct: TestContext.Current.CancellationToken);
            await using var command = new MySqlCommand("SELECT variable_value FROM performance_schema.global_status WHERE variable_name = 'Caching_sha2_password_rsa_public_key'", connection);
            await File.WriteAllTextAsync(_key, (string?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
            var option = new Dictionary<string, string> { ["ServerPublicKey"] = _key };
            return await MySqlFaultScene.CreateAsync(
                server, hasApplication: false, change: credential => credential with { SslMode = SslMode.Disable, Option = option });
        }

        public void Dispose() => File.Delete(_key);
    }

    public sealed class OnRedis(SharedRedis redis) : RotationTurnsTests
    {
        private protected override int Turns => 72;

        // Its driver says several things at once while a connection begins, and whether an answer comes between them is a matter of the network.
        private protected override int Slack => 1;

        private protected override async Task<FaultScene> CreateSceneAsync() => await RedisFaultScene.CreateAsync(await redis.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMongoDb(SharedMongoServer mongo) : RotationTurnsTests, IClassFixture<SharedMongoServer>
    {
        private protected override int Turns => 34;

        // Whether a server is there, and how far, is asked on connections beside: by the clock.
        private protected override bool IsCounted(string what) => what is not ("hello" or "isMaster" or "endSessions");

        private protected override async Task<FaultScene> CreateSceneAsync() => await MongoFaultScene.CreateAsync(await mongo.ServerAsync(), hasApplication: false);
    }

    /// <summary>In all stages but Drain, which looks at the sessions for as long as it waits.</summary>
    private protected abstract int Turns { get; }

    /// <summary>By how many they may differ from one time to the next.</summary>
    private protected virtual int Slack => 0;

    private protected abstract Task<FaultScene> CreateSceneAsync();

    /// <summary>False for what the driver says by itself, at times of its own.</summary>
    private protected virtual bool IsCounted(string what) => true;

    [Fact]
    public async Task A_rotation_takes_as_many_turns_as_it_is_known_to()
    {
        await using var scene = await CreateSceneAsync();
        // The second one begins as every later one does.
        _ = await scene.LearnAsync();
        var seen = (await scene.LearnAsync())
            .Where(passage => passage is { Moment: Moment.BeforeSend, Stage: not RotationStage.Drain } && IsCounted(passage.What))
            .Select(passage => passage.What)
            .ToList();
        Assert.True(Math.Abs(seen.Count - Turns) <= Slack, $"{seen.Count}: {string.Join(", ", seen)}");
    }
}
