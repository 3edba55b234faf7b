using System.Diagnostics;
using Nebula.Rotation.Integration.Tests.MongoDb;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>The network is cut in the middle of a statement, or when the server has done it and its answer is under way; then it is there again.</summary>
/// <remarks>
/// Ctrl+C ends at once what a driver can give up: MySqlConnector asks the server to end it, and waits for the statement's own bound where that does not answer either. After the
/// commit point a stop waits for a safe point, and so for the same bound.
/// </remarks>
public abstract class CutConnectionTests
{
    /// <summary>Less than any statement's own bound (PostgreSQL's is 120 s).</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(110);

    /// <summary>A statement may take minutes, and undoing it as many.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(8);

    public sealed class OnPostgres(SharedPostgres postgres) : CutConnectionTests
    {
        internal override async Task<FaultScene> CreateSceneAsync(TimeSpan? timeout) => await PostgresFaultScene.CreateAsync(await postgres.ServerAsync(), timeout);

        /// <summary>Not the first of a transaction: Npgsql sends BEGIN ahead of it and cancels nothing until that is answered, so that one ends by its own bound.</summary>
        [Fact]
        public Task Ctrl_C_ends_a_statement_that_is_never_answered() => HangAsync(new(RotationStage.ClonePermissions, Moment.InFlight, 1), isStopped: true);
    }

    public sealed class OnMariaDb(SharedMariaDb mysql) : CutConnectionTests
    {
        internal override async Task<FaultScene> CreateSceneAsync(TimeSpan? timeout) => await MySqlFaultScene.CreateAsync(await mysql.ServerAsync(), timeout);
    }

    public sealed class OnRedis(SharedRedis redis) : CutConnectionTests
    {
        internal override async Task<FaultScene> CreateSceneAsync(TimeSpan? timeout) => await RedisFaultScene.CreateAsync(await redis.ServerAsync(), timeout);

        [Fact]
        public Task Ctrl_C_ends_a_statement_that_is_never_answered() => HangAsync(new(RotationStage.CreateLogin, Moment.InFlight, 1), isStopped: true);
    }

    public sealed class OnMongoDb(SharedMongoServer mongo) : CutConnectionTests, IClassFixture<SharedMongoServer>
    {
        internal override async Task<FaultScene> CreateSceneAsync(TimeSpan? timeout) => await MongoFaultScene.CreateAsync(await mongo.ServerAsync(), timeout);

        [Fact]
        public Task Ctrl_C_ends_a_statement_that_is_never_answered() => HangAsync(new(RotationStage.CreateLogin, Moment.InFlight, 1), isStopped: true);
    }

    internal abstract Task<FaultScene> CreateSceneAsync(TimeSpan? timeout = null);

    [Fact]
    public async Task A_connection_that_breaks_in_a_statement_is_told_and_leaves_nothing_behind()
    {
        await using var scene = await CreateSceneAsync();
        await new FaultRound(scene).RunAsync(KillCampaign.IsNightly ? 150 : 20, Moment.HalfSent, Moment.AnswerLost);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_to_a_login_is_waited_for_no_longer_than_the_credential_says() =>
        await HangAsync(new(RotationStage.Verify, Moment.BeforeSend, 1), isStopped: false);

    [Theory]
    [InlineData(RotationStage.CreateLogin)]
    [InlineData(RotationStage.Retire)]
    public async Task A_statement_that_is_never_answered_ends_by_itself(RotationStage stage)
    {
        Assert.SkipUnless(KillCampaign.IsNightly, "Only in the nightly size (NEBULA_TEST_KILLS=500): it takes as long as a statement may.");
        await HangAsync(new(stage, Moment.InFlight, 1), isStopped: false);
    }

    private protected async Task HangAsync(KillPoint point, bool isStopped)
    {
        await using var scene = await CreateSceneAsync(TimeSpan.FromSeconds(2));
        var live = await scene.LiveAsync();
        var facts = await scene.SnapshotAsync(live.Login.Username);
        var network = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        var ambush = new Ambush(point)
        {
            Strike = async () =>
            {
                if (isStopped)
                    await stop.CancelAsync();
                await network.Task;
            },
        };
        var clock = Stopwatch.StartNew();
        RotationException? exception;
        try
        {
            // As long as the network is gone nothing but the runner's own patience can end this.
            exception = await scene.RotateIntoAsync(ambush, stop.Token).WaitAsync(KillCampaign.IsNightly ? Longest : Long, TestContext.Current.CancellationToken);
        }
        finally
        {
            network.SetResult();
        }

        Assert.True(ambush.HasStruck, $"{point} did not come.");
        Assert.NotNull(exception);
        TestContext.Current.TestOutputHelper?.WriteLine($"{point}: after {clock.Elapsed.TotalSeconds:0.0} s {exception.Code}: {exception.Message} {exception.RecommendedAction}");
        if (exception.Code != RotationErrorCode.Stopped)
            FaultScene.AssertTold(exception);
        await scene.AssertInvariantAsync(facts, live.Version);
        await scene.ResumeAsync();
        await scene.AssertFinishedAsync(facts, live.Version);
        await scene.FlowsAsync();
        Assert.Empty(scene.Failures);
    }
}
