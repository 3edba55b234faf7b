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
        private protected override (int Least, int Most) Turns => (78, 79);

        private protected override async Task<FaultScene> CreateSceneAsync() => await PostgresFaultScene.CreateAsync(await postgres.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMariaDb(SharedMariaDb mysql) : RotationTurnsTests
    {
        private protected override (int Least, int Most) Turns => (53, 54);

        private protected override async Task<FaultScene> CreateSceneAsync() => await MySqlFaultScene.CreateAsync(await mysql.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMySql(SharedMySql9 mysql) : RotationTurnsTests
    {
        // Over TLS, whose records are not statements.
        private protected override (int Least, int Most) Turns => (65, 67);

        private protected override async Task<FaultScene> CreateSceneAsync() => await MySqlFaultScene.CreateAsync(await mysql.ServerAsync(), hasApplication: false);
    }

    public sealed class OnRedis(SharedRedis redis) : RotationTurnsTests
    {
        private protected override (int Least, int Most) Turns => (83, 84);

        private protected override async Task<FaultScene> CreateSceneAsync() => await RedisFaultScene.CreateAsync(await redis.ServerAsync(), hasApplication: false);
    }

    public sealed class OnMongoDb(SharedMongoServer mongo) : RotationTurnsTests, IClassFixture<SharedMongoServer>
    {
        private protected override (int Least, int Most) Turns => (38, 38);

        // Whether a server is there, and how far, is asked on connections beside: by the clock.
        private protected override bool IsCounted(string what) => what is not ("hello" or "isMaster" or "endSessions");

        private protected override async Task<FaultScene> CreateSceneAsync() => await MongoFaultScene.CreateAsync(await mongo.ServerAsync(), hasApplication: false);
    }

    /// <summary>In all stages but Drain, which looks at the sessions for as long as it waits. The goodbye of the last connection may come after the rotation has ended.</summary>
    private protected abstract (int Least, int Most) Turns { get; }

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
        // PostgreSQL's driver does not wait for the answer to BEGIN: whether it comes before what follows is sent is a matter of the network.
        var turns = seen.Where((what, index) => index == 0 || seen[index - 1] != "BEGIN" || what == "COMMIT").Count();
        var (least, most) = Turns;
        Assert.True(turns >= least && turns <= most, $"{turns}: {string.Join(", ", seen)}");
    }
}
