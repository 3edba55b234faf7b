using Nebula.Rotation.Module.Tests.Support;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>
/// The four endings of a pipeline at every stage of a real rotation: whichever it is, the login that the store names works when the pipeline is over, and what is
/// open then is finished by Resume with nothing left behind.
/// </summary>
public sealed class RealEndingTests(RealEndingTests.Server server) : IClassFixture<RealEndingTests.Server>
{
    private const string CtrlC = "Ctrl+C", Enough = "the consumer has enough", Broken = "a throw downstream";

    private const string Rotate = "Invoke-NebulaRotation app -Store $s -Force -GracePeriod 0";

    /// <summary>A consumer can end a pipeline when it gets something, which is after Prepare.</summary>
    public static TheoryData<string, RotationStage> Endings
    {
        get
        {
            var endings = new TheoryData<string, RotationStage>();
            foreach (var stage in RotationScript.Stages)
            {
                endings.Add(CtrlC, stage);
                if (stage == RotationStage.Prepare)
                    continue;
                endings.Add(Enough, stage);
                endings.Add(Broken, stage);
            }

            return endings;
        }
    }

    [Fact]
    public async Task A_rotation_that_is_left_alone_leaves_one_login_with_all_that_there_was()
    {
        await using var scene = await RealScene.CreateAsync(await server.StartAsync());
        var before = await scene.DescribeAsync(scene.OldLogin);
        var result = (await scene.Start(Rotate, new Probe())).ThrowIfFailed();
        Assert.Equal(RotationScript.Stages, result.Output.Select(o => ((StageResult)o.BaseObject).Stage));
        Assert.NotEqual(scene.OldLogin, scene.Live());
        Assert.Equal(before, await scene.DescribeAsync(scene.Live()));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task However_a_pipeline_ends_one_login_is_live_and_what_is_open_can_be_finished(string ending, RotationStage stage)
    {
        await using var scene = await RealScene.CreateAsync(await server.StartAsync());
        var before = await scene.DescribeAsync(scene.OldLogin);
        var seen = new Probe();

        Hosting.RunResult result;
        await using (var hold = await StageHold.PlaceAsync(scene, stage))
        {
            // CreateLogin and ClonePermissions are one transaction, and are told of together.
            var results = stage == RotationStage.ClonePermissions ? 1 : (int)stage;
            var run = scene.Start($"{Rotate} {hold.Arguments} | {Consumer(ending, results)}", seen);
            if (ending == CtrlC)
            {
                await hold.ReachedAsync(seen);
                scene.Stop();
            }

            // The stop has been heard, and the work is still held; or it was so near its end that there was nothing to wait for.
            await Waiting.ForAsync(
                () => Task.FromResult(run.IsCompleted || scene.Host.Lines.Any(line => line.Contains("safe point", StringComparison.Ordinal))), "The stop is heard.");
            await hold.DisposeAsync();
            result = await run.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        }

        Assert.Equal(ending == Enough, result.Terminating is null);
        if (ending == Broken)
            Assert.Contains("the consumer broke", result.Terminating!.Message, StringComparison.Ordinal);

        var live = scene.Live();
        var record = scene.LastRecord();
        AssertEnded(scene, stage, live, record?.State);
        Assert.Equal(true, Assert.Single(scene.RunElsewhere("Test-NebulaCredential app -Quiet -Store $s").Output).BaseObject);

        if (record is { State: RotationState.Draining })
            scene.RunElsewhere("Resume-NebulaRotation app -GracePeriod 0 -Confirm:$false -Store $s");
        Assert.Equal(live, scene.Live());
        Assert.Equal(before, await scene.DescribeAsync(live));
        Assert.Empty(scene.RunElsewhere("Find-NebulaOrphanLogin app -Store $s").Output);
        Assert.True(scene.LastRecord() is null or { State: RotationState.Completed or RotationState.RolledBack });
    }

    private static string Consumer(string ending, int results) => ending switch
    {
        Enough => $"Select-FirstObject {results}",
        Broken => $"ForEach-Object {{ $p.See($_); if ($p.Count -eq {results}) {{ throw 'the consumer broke' }} }}",
        // What nothing holds in Complete is held by its consumer, or it might be over before the stop.
        _ => $"ForEach-Object {{ $p.See($_); while ($p.Count -eq {(int)RotationStage.Complete}) {{ [Threading.Thread]::Sleep(5) }} }}",
    };

    /// <summary>Before the flip it is undone, after it the record waits; and who is at the host is told which login is live.</summary>
    private static void AssertEnded(RealScene scene, RotationStage stage, string live, RotationState? state)
    {
        switch (stage)
        {
            case RotationStage.Prepare:
                Assert.Null(state);
                Assert.Equal(scene.OldLogin, live);
                return;
            case < RotationStage.Drain:
                Assert.Equal(RotationState.RolledBack, state);
                Assert.Equal(scene.OldLogin, live);
                break;
            case RotationStage.Complete:
                Assert.True(state is RotationState.Draining or RotationState.Completed, $"{state}");
                Assert.NotEqual(scene.OldLogin, live);
                return;
            default:
                Assert.Equal(RotationState.Draining, state);
                Assert.NotEqual(scene.OldLogin, live);
                break;
        }

        Assert.Contains($"'{live}' is live", Assert.Single(scene.Host.Warnings), StringComparison.Ordinal);
    }

    /// <summary>A server of this class's own: its catalogs are locked.</summary>
    public sealed class Server : IAsyncDisposable
    {
        private readonly Lazy<Task<PostgresServer>> _server = new(() => PostgresServer.StartAsync(new() { LogStatements = false }));

        internal Task<PostgresServer> StartAsync() => ServerRequirement.OrSkip(() => _server.Value, Assert.Skip);

        public async ValueTask DisposeAsync()
        {
            if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
                await (await _server.Value).DisposeAsync();
        }
    }
}
