using System.Globalization;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>A runner that is killed, and another process that finishes: here no transaction takes back what a runner began.</summary>
public sealed class MongoKilledRunnerTests(SharedMongoServer mongo) : IClassFixture<SharedMongoServer>
{
    private const int Points = 5;

    [Fact]
    public async Task A_killed_rotation_is_finished_by_the_next_process_and_the_application_notices_nothing()
    {
        var writes = await CountWritesAsync();
        Assert.True(writes > 30, $"{writes} writes");
        var forward = 0;
        for (var point = 0; point < Points; point++)
        {
            await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
            var before = (await scene.SnapshotAsync(scene.OldLogin)).Facts.ToHashSet();
            await using (var traffic = new MongoTraffic(scene, workers: 1))
            {
                await traffic.FlowsAsync(2);
                Assert.NotEqual("", await DyingRunner.RunAsync(scene.StorePath, 1 + (point * (writes - 1) / (Points - 1)), gap: scene.Gap));
                await traffic.FlowsAsync(4);
                if (await FinishAsync(scene) is { State: RotationState.Completed })
                    forward++;
                await traffic.FlowsAsync(4);
                Assert.Empty(traffic.Failures);
            }

            var live = await scene.LiveAsync();
            Assert.Equal([live.Username], await scene.UsersAsync());
            Assert.Equal(before, (await scene.SnapshotAsync(live.Username)).Facts.ToHashSet());
        }

        // Both ways out were taken.
        Assert.InRange(forward, 1, Points - 1);
    }

    private async Task<int> CountWritesAsync()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        return int.Parse(await DyingRunner.RunAsync(scene.StorePath, int.MaxValue), CultureInfo.InvariantCulture);
    }

    private static async Task<RotationRecord?> FinishAsync(MongoScene scene)
    {
        try
        {
            return await scene.Service.ResumeAsync(MongoScene.Request(), new Observer(), MongoScene.Ct);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.RotationNotFound)
        {
            // It died before there was a record.
            return null;
        }
    }
}
