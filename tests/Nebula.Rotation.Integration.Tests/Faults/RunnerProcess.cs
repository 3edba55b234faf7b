using System.Diagnostics;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Tests.Workflow;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// A runner in a process of its own. Before each stage and around each write to the store it says what it is about to do, and waits to be let: so the one who
/// kills it knows exactly where. What it sends to the server it sends as ever; the proxy between sees to that.
/// </summary>
internal static class RunnerProcess
{
    public const string Argument = "run-for-the-faults";

    public const string Rotate = "rotate", Resume = "resume";

    private const string Ended = "end";
    private const int Killed = 128 + 9;

    private static readonly Lock Conversation = new();

    /// <summary>Runs it to its end, by itself or by the ambush; gives the state that the record came to, or null when it was killed.</summary>
    /// <param name="work">What it does.</param>
    /// <param name="storePath">Where the credential is.</param>
    /// <param name="ambush">What lies in wait.</param>
    /// <param name="gap">Where the application is between reading the store and logging in: a runner that has flipped goes on when it has come through.</param>
    public static async Task<string?> RunAsync(string work, string storePath, Ambush ambush, LoginGap? gap = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        // It lives for a second: what pays off later costs now.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        // Under `dotnet exec` the program is dotnet itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(RunnerProcess).Assembly.Location);
        foreach (var argument in new[] { Argument, work, storePath })
            start.ArgumentList.Add(argument);
        // It lives for a second: what would make it faster later makes it slower now.
        start.Environment["DOTNET_TieredPGO"] = "0";
        using var process = Process.Start(start)!;
        ambush.Strike = async () =>
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        };

        string? ending = null;
        while (await process.StandardOutput.ReadLineAsync(Scene.Ct) is { } line)
        {
            var (word, rest) = line.Split(' ', 2) is [var first, var second] ? (first, second) : (line, "");
            if (word == Ended)
                ending = rest;
            else if (word == "stage")
                ambush.Enter(Enum.Parse<RotationStage>(rest));
            else if (ambush.Writes(word == "before" ? Moment.BeforeWrite : Moment.AfterWrite, rest))
                await ambush.StrikeAsync();
            if (line == "after publish" && gap is not null)
                await gap.PassedAsync();
            // Whoever is about to die does nothing more.
            if (!ambush.HasStruck)
                await LetAsync(process);
        }

        await process.WaitForExitAsync(Scene.Ct);
        Assert.True(process.ExitCode == (ambush.HasStruck ? Killed : 0), $"{process.ExitCode}: {ending}");
        return ending;
    }

    public static async Task<int> MainAsync(string work, string storePath)
    {
        var stage = RotationStage.Prepare;
        var store = new TouchedStore(await Scene.OpenStoreAsync(storePath), what =>
        {
            if (what.StartsWith("before ", StringComparison.Ordinal) || what.StartsWith("after ", StringComparison.Ordinal))
                Ask(what);
        });
        var observer = new Observer
        {
            Progressed = progress =>
            {
                if (progress.Stage != stage)
                    Ask($"stage {stage = progress.Stage}");
            },
        };
        await using var service = new RotationService(new(store, EngineRegistry.Default, TimeProvider.System, Scene.Timing));
        try
        {
            var request = FaultScene.Request;
            var record = work == Rotate ? await service.RotateAsync(request, observer, CancellationToken.None) : await service.ResumeAsync(request, observer, CancellationToken.None);
            Console.WriteLine($"{Ended} {record.State}");
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.RotationNotFound)
        {
            Console.WriteLine($"{Ended} {exception.Code}");
        }

        return 0;
    }

    private static void Ask(string what)
    {
        lock (Conversation)
        {
            Console.WriteLine(what);
            if (Console.ReadLine() is null)
                throw new InvalidOperationException("The test has gone.");
        }
    }

    private static async Task LetAsync(Process process)
    {
        try
        {
            await process.StandardInput.WriteLineAsync();
            await process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // It is dead.
        }
    }
}
