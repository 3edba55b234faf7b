using System.Diagnostics;
using System.Globalization;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>A process of its own that rotates, and gets a SIGKILL at its n-th write to the store.</summary>
internal static class DyingRunner
{
    public const string Argument = "rotate-and-die";

    /// <summary>Moves what a login owns to an owner role, instead of rotating; or back.</summary>
    public const string Convert = "convert", ConvertBack = "convert-back";

    private const string Flipped = "flipped";

    /// <summary>Runs it to its end, and gives what it said last: where it died, or how many writes there were.</summary>
    public static async Task<string> RunAsync(string storePath, int at, string? work = null, string? owner = null, LoginGap? gap = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        // Under `dotnet exec` the program is dotnet itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(DyingRunner).Assembly.Location);
        start.ArgumentList.Add(Argument);
        start.ArgumentList.Add(storePath);
        start.ArgumentList.Add(at.ToString(CultureInfo.InvariantCulture));
        if (work is not null && owner is not null)
        {
            start.ArgumentList.Add(work);
            start.ArgumentList.Add(owner);
        }

        using var process = Process.Start(start)!;
        var said = "";
        while (await process.StandardOutput.ReadLineAsync(Scene.Ct) is { } line)
        {
            if (line != Flipped)
            {
                said = line;
                continue;
            }

            // It goes on when the application is where its sessions can be seen.
            if (gap is not null)
                await gap.PassedAsync();
            await process.StandardInput.WriteLineAsync();
            await process.StandardInput.FlushAsync(Scene.Ct);
        }

        await process.WaitForExitAsync(Scene.Ct);
        Assert.True(process.ExitCode is 0 or 137, $"{process.ExitCode}: {said}");
        return said;
    }

    public static async Task<int> MainAsync(string storePath, int at, string? work = null, string? owner = null)
    {
        var calls = 0;
        void Touch(string what)
        {
            var isWrite = what.StartsWith("before", StringComparison.Ordinal) || what.StartsWith("after", StringComparison.Ordinal);
            if (!isWrite)
                return;
            if (++calls != at)
            {
                if (what == "after publish")
                {
                    Console.WriteLine(Flipped);
                    Console.ReadLine();
                }

                return;
            }

            Console.WriteLine(what);
            Process.GetCurrentProcess().Kill();

            // The signal is on its way; nothing more may happen until it is here.
            Thread.Sleep(Timeout.Infinite);
        }

        var store = await Scene.OpenStoreAsync(storePath);
        await using var service = new RotationService(new(new TouchedStore(store, Touch), EngineRegistry.Default, TimeProvider.System, Scene.Timing));
        if (work is not null)
            await service.ConvertOwnershipAsync(new() { Name = "app", Owner = owner, Undo = work == ConvertBack }, new Observer(), CancellationToken.None);
        else
            await service.RotateAsync(Scene.Request(grace: TimeSpan.Zero), new Observer(), CancellationToken.None);
        Console.WriteLine(calls);
        return 0;
    }
}
