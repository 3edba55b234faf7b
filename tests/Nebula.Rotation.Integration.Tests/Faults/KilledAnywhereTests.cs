using Nebula.Rotation.Integration.Tests.MongoDb;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>A runner that is killed anywhere: at every write to the store, and before, during and after every statement.</summary>
public abstract class KilledAnywhereTests
{
    public sealed class OnPostgres(SharedPostgres postgres) : KilledAnywhereTests
    {
        internal override async Task<FaultScene> CreateSceneAsync() => await PostgresFaultScene.CreateAsync(await postgres.ServerAsync());
    }

    public sealed class OnMariaDb(SharedMariaDb mysql) : KilledAnywhereTests
    {
        internal override async Task<FaultScene> CreateSceneAsync() => await MySqlFaultScene.CreateAsync(await mysql.ServerAsync());
    }

    public sealed class OnMySql(SharedMySql9 mysql) : KilledAnywhereTests
    {
        internal override async Task<FaultScene> CreateSceneAsync()
        {
            Assert.SkipUnless(KillCampaign.IsNightly, "Only in the nightly size (NEBULA_TEST_KILLS=500): MariaDB stands for both.");
            return await MySqlFaultScene.CreateAsync(await mysql.ServerAsync());
        }
    }

    public sealed class OnRedis(SharedRedis redis) : KilledAnywhereTests
    {
        internal override async Task<FaultScene> CreateSceneAsync() => await RedisFaultScene.CreateAsync(await redis.ServerAsync());
    }

    public sealed class OnMongoDb(SharedMongoServer mongo) : KilledAnywhereTests, IClassFixture<SharedMongoServer>
    {
        internal override async Task<FaultScene> CreateSceneAsync() => await MongoFaultScene.CreateAsync(await mongo.ServerAsync());
    }

    internal abstract Task<FaultScene> CreateSceneAsync();

    [Fact]
    public async Task A_runner_may_be_killed_anywhere_and_another_finishes_while_the_application_notices_nothing()
    {
        await using var scene = await CreateSceneAsync();
        var campaign = new KillCampaign(scene);
        await campaign.RunAsync();

        // Everywhere, in every way, and with both ways out: a run that missed a part of it proves less than it says.
        var report = campaign.Report;
        Assert.Equal(KillCampaign.Size, report.Count);
        var share = KillCampaign.Size / 60;
        Assert.All(Enum.GetValues<RotationStage>().Where(stage => stage <= RotationStage.Complete), stage => Assert.InRange(report.Of(stage), 1 + share, KillCampaign.Size));
        Assert.All(KillSpread.Moments, moment => Assert.InRange(report.Of(moment), 6 * share, KillCampaign.Size));
        // Some rotations change less than that: each of their changes at each moment, then. Over TLS (MySQL) nobody can tell a change from a question.
        Assert.InRange(report.OfChanges, Math.Min(8 * share, campaign.Changes * KillSpread.MomentsOfStatements), KillCampaign.Size);
        Assert.InRange(report.Ended(nameof(RotationState.RolledBack)), 10 * share, KillCampaign.Size);
        Assert.InRange(report.Ended(nameof(RotationState.Completed)), 10 * share, KillCampaign.Size);
        Assert.InRange(report.InNewProcess, KillCampaign.Size / 3, KillCampaign.Size);
    }
}
