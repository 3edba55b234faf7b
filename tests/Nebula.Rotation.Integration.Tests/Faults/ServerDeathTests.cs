using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>The database server gets a SIGKILL in the middle of a statement, and is started again when the rotation has given up.</summary>
public sealed class ServerDeathTests
{
    [Fact]
    public async Task PostgreSQL_may_be_killed_at_every_stage()
    {
        var server = await ServerRequirement.OrSkip(
            () => PostgresServer.StartAsync(new() { Durable = true, LogStatements = false }, TestContext.Current.CancellationToken), Assert.Skip);
        await using (server)
        {
            await using var scene = await PostgresFaultScene.CreateAsync(server, hasApplication: false);
            await RunAsync(scene, KillCampaign.IsNightly ? 100 : 14, () => server.StopAsync(PostgresStopMode.Kill), () => server.StartAgainAsync());
        }
    }

    [Fact]
    public async Task MariaDB_may_be_killed_at_every_stage()
    {
        // What the shared server leaves out for the sake of speed is what survives a crash.
        var settings = new Dictionary<string, string> { ["innodb-flush-log-at-trx-commit"] = "1", ["innodb-doublewrite"] = "1" };
        var server = await ServerRequirement.OrSkip(
            () => MySqlServer.StartAsync(new() { Settings = settings, LogStatements = false }, TestContext.Current.CancellationToken), Assert.Skip);
        await using (server)
        {
            await using var scene = await MySqlFaultScene.CreateAsync(server, hasApplication: false);
            await RunAsync(scene, KillCampaign.IsNightly ? 100 : 14, () => server.StopAsync(isCrash: true), () => server.StartAgainAsync());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Redis_may_be_killed_at_every_stage_and_loses_no_user_that_a_rotation_relies_on(bool hasAclFile)
    {
        var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { HasAclFile = hasAclFile }, TestContext.Current.CancellationToken), Assert.Skip);
        await using (server)
        {
            await using var scene = await RedisFaultScene.CreateAsync(server, hasApplication: false);
            await RunAsync(scene, KillCampaign.IsNightly ? 100 : 14, () => server.StopAsync("KILL"), () => server.StartAgainAsync());
        }
    }

    private static async Task RunAsync(FaultScene scene, int count, Func<Task> kill, Func<Task> start)
    {
        var isDown = false;
        var round = new FaultRound(scene)
        {
            Strike = async point =>
            {
                await kill();
                // A drain waits for a server that is away; at the other stages nobody does.
                if (point.Stage == RotationStage.Drain)
                    await start();
                else
                    isDown = true;
            },
            Mend = async () =>
            {
                if (isDown)
                    await start();
                isDown = false;
            },
        };
        await round.RunAsync(count, Moment.InFlight, Moment.AnswerLost);
    }
}
