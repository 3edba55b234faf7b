using System.Management.Automation;
using Nebula.Rotation.Module.Pipeline;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests.Pipeline;

/// <summary>The wait for the work after a stop has an end.</summary>
public sealed class PatienceTests
{
    [Fact]
    public async Task Work_that_outlives_the_wait_is_left_behind_with_a_word_and_still_heard()
    {
        using var scene = new Scene();
        var undone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        OutliveCommand.Undone = undone.Task;
        scene.Run("Invoke-Outlive | Select-FirstObject 1").ThrowIfFailed();
        Assert.Contains("Resume-NebulaRotation", Assert.Single(scene.Host.Warnings), StringComparison.Ordinal);
        undone.SetResult();
        await OutliveCommand.Abandoned!.WaitAsync(Scene.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(["said late", "It could not be undone."], scene.Host.Warnings.Skip(1));
    }
}

/// <summary>Runs work that does not mind a stop, and has no patience.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Outlive")]
public sealed class OutliveCommand : PSCmdlet
{
    internal static Task Undone { get; set; } = Task.CompletedTask;

    internal static Task? Abandoned { get; private set; }

    protected override void EndProcessing()
    {
        using var stop = new CancellationTokenSource();
        var pump = new PipelinePump(this, stop, patience: TimeSpan.Zero);
        try
        {
            pump.Run(
                async (sink, _) =>
                {
                    sink.WriteObject(1);
                    await Undone;
                    sink.WriteImportant("said late");
                    throw new RotationException(RotationErrorCode.RollbackFailed, "It could not be undone.");
                },
                stopNotice: null);
        }
        finally
        {
            Abandoned = pump.Abandoned;
        }
    }
}
