using System.Globalization;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>A runner that is killed, and another process that finishes, while the application works.</summary>
public abstract class KilledRunnerTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : KilledRunnerTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : KilledRunnerTests(postgres);

    private const int Points = 12;

    [Fact]
    public async Task A_killed_rotation_is_finished_by_the_next_process_and_the_application_notices_nothing()
    {
        var writes = await CountWritesAsync();
        Assert.True(writes > 40, $"{writes} writes");
        var forward = 0;
        for (var point = 0; point < Points; point++)
        {
            await using var scene = await Scene.CreateAsync(postgres);
            await using var traffic = new Traffic(scene, workers: 1);
            await traffic.FlowsAsync(5);

            await DyingRunner.RunAsync(scene.StorePath, 1 + (point * (writes - 1) / (Points - 1)), gap: scene.Gap);
            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);

            if (await FinishAsync(scene) is { State: RotationState.Completed })
                forward++;
            await traffic.FlowsAsync(20);
            Assert.Empty(traffic.Failures);
            var live = await scene.LiveAsync();
            Assert.Equal([live.Username], await scene.LoginsAsync());
        }

        // Both ways out were taken.
        Assert.InRange(forward, 1, Points - 1);
    }

    private async Task<int> CountWritesAsync()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        return int.Parse(await DyingRunner.RunAsync(scene.StorePath, int.MaxValue), CultureInfo.InvariantCulture);
    }

    private static async Task<RotationRecord?> FinishAsync(Scene scene)
    {
        try
        {
            return await scene.Service.ResumeAsync(Scene.Request(), new Observer(), Scene.Ct);
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.RotationNotFound)
        {
            // It died before there was a record.
            return null;
        }
    }
}
