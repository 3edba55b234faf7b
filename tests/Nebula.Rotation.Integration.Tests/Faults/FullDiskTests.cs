using System.Diagnostics;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>The disk that the store is on becomes full while a rotation runs: a small file system of the test's own.</summary>
public sealed class FullDiskTests(SharedPostgres postgres)
{
    private const string Size = "size=3m";

    [Theory]
    [InlineData(RotationStage.Prepare)]
    [InlineData(RotationStage.CreateLogin)]
    [InlineData(RotationStage.ClonePermissions)]
    [InlineData(RotationStage.Verify)]
    [InlineData(RotationStage.Publish)]
    [InlineData(RotationStage.Drain)]
    [InlineData(RotationStage.Retire)]
    [InlineData(RotationStage.Complete)]
    public async Task A_disk_that_becomes_full_is_told_and_the_rotation_is_finished_when_there_is_room(RotationStage stage)
    {
        var disk = Directory.CreateTempSubdirectory("nebula-disk-").FullName;
        await MountAsync(disk);
        try
        {
            await using var scene = await PostgresFaultScene.CreateAsync(await postgres.ServerAsync(), folder: Path.Combine(disk, "store"));
            await FillAsync(scene, stage, Path.Combine(disk, "filler"));
        }
        finally
        {
            // Lazily: what the system has begun for another test at this very moment may still hold files that it is about to close.
            await RunAsync("umount", "--lazy", disk);
            Directory.Delete(disk);
        }
    }

    private static async Task FillAsync(FaultScene scene, RotationStage stage, string filler)
    {
        await scene.FlowsAsync();
        var live = await scene.LiveAsync();
        var facts = await scene.SnapshotAsync(live.Login.Username);
        if (stage == RotationStage.Prepare)
            Fill(filler);
        var observer = new Observer
        {
            Progressed = progress =>
            {
                if (progress.Stage == stage)
                    Fill(filler);
            },
        };
        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.Service.RotateAsync(FaultScene.Request, observer, Scene.Ct));

        var told = $"{exception.Code}: {exception.Message} {exception.RecommendedAction}";
        TestContext.Current.TestOutputHelper?.WriteLine(told);
        Assert.Contains("the disk is full", exception.Message, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(exception.RecommendedAction), told);

        // While it is full the store is read as ever.
        await scene.AssertInvariantAsync(facts, live.Version);
        await scene.FlowsAsync();
        File.Delete(filler);
        if (stage != RotationStage.Prepare)
            await scene.ResumeAsync();
        await scene.AssertFinishedAsync(facts, live.Version);
        Assert.Equal(RotationState.Completed, (await scene.Service.RotateAsync(FaultScene.Request, new Observer(), Scene.Ct)).State);
        await scene.FlowsAsync();
        Assert.Empty(scene.Failures);
        Assert.True((await scene.Store.CheckAuditAsync(null, Scene.Ct)).IsIntact);
    }

    /// <summary>To the last byte.</summary>
    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        for (var block = new byte[4096]; block.Length > 0;)
        {
            try
            {
                file.Write(block);
            }
            catch (IOException)
            {
                block = new byte[block.Length / 2];
            }
        }
    }

    private static async Task MountAsync(string path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Only root can mount a file system.");
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", Size, "tmpfs", path), "No file system can be mounted here.");
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode == 0;
    }
}
