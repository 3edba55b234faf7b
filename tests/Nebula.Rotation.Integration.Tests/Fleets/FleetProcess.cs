using System.Diagnostics;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>A runner in a process of its own: what is due it rotates, until nothing is. It knows of no other, and has nothing but the store.</summary>
internal sealed class FleetProcess : IDisposable
{
    public const string Argument = "run-the-fleet";

    public const int Killed = 128 + 9;

    /// <summary>How long the others leave alone what a killed one was at.</summary>
    private static readonly RotationTiming Timing = Scene.Timing with { LeaseDuration = TimeSpan.FromSeconds(15) };

    private readonly Process _process;
    private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FleetProcess(Process process) => _process = process;

    /// <summary>It has rotated one, or has ended.</summary>
    public Task Began => _began.Task;

    /// <summary>Credentials that it says it has rotated.</summary>
    public List<string> Rotated { get; } = [];

    /// <summary>Credentials that it came to in vain, by why: another one had them, or had had them.</summary>
    public Dictionary<string, int> Lost { get; } = [];

    /// <summary>What that took, of all that it did at once.</summary>
    public TimeSpan LostTime { get; private set; }

    /// <summary>What rotating took, of all that it did at once.</summary>
    public TimeSpan RotatingTime { get; private set; }

    /// <summary>What else it said.</summary>
    public List<string> Said { get; } = [];

    public static FleetProcess Start(FleetStore store)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        // Under `dotnet exec` the program is dotnet itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(FleetProcess).Assembly.Location);
        start.ArgumentList.Add(Argument);
        start.ArgumentList.Add(store.KeyFolder);
        // An address has its password in it.
        start.Environment[StoreLocation.VariableName] = store.Location;
        return new(Process.Start(start)!);
    }

    /// <summary>Hears it to its end, and kills it as soon as it has rotated so many.</summary>
    public async Task<int> EndAsync(int? killAfter = null)
    {
        while (await _process.StandardOutput.ReadLineAsync(Scene.Ct) is { } line)
        {
            switch (line.Split(' ', 3))
            {
                case [nameof(FleetOutcome.Rotated), var took, var name]:
                    Rotated.Add(name);
                    _began.TrySetResult();
                    RotatingTime += Milliseconds(took);
                    break;
                case [nameof(FleetOutcome.Skipped), var took, var why]:
                    Lost[why] = Lost.GetValueOrDefault(why) + 1;
                    LostTime += Milliseconds(took);
                    break;
                default:
                    Said.Add(line);
                    break;
            }

            if (Rotated.Count == killAfter)
                _process.Kill();
        }

        _began.TrySetResult();
        await _process.WaitForExitAsync(Scene.Ct);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    public static async Task<int> MainAsync(string keyFolder)
    {
        var store = await FleetStore.OpenAsync(Environment.GetEnvironmentVariable(StoreLocation.VariableName)!, keyFolder, TimeProvider.System);
        await using var service = new RotationService(new(store, EngineRegistry.Default, TimeProvider.System, Timing));
        while (await service.FindDueAsync(new(), CancellationToken.None) is { Count: > 0 } due)
        {
            var summary = await service.RotateManyAsync(
                new()
                {
                    Members =
                    [
                        .. due.Select(found => new FleetMember
                        {
                            Action = found.Action,
                            Request = new() { Name = found.Credential.Name, RotationId = found.RotationId, GracePeriod = TimeSpan.Zero },
                        }),
                    ],
                    ThrottleLimit = 4,
                    IsScheduled = true,
                },
                new Teller(),
                CancellationToken.None);
            if (summary.Failed > 0)
                return 1;
            // Others are at work on the rest, or were: what a dead one left is free when its lease is over.
            if (summary.Rotated == 0)
                await Task.Delay(TimeSpan.FromMilliseconds(250));
        }

        return 0;
    }

    private static TimeSpan Milliseconds(string text) => TimeSpan.FromMilliseconds(int.Parse(text, System.Globalization.CultureInfo.InvariantCulture));

    private sealed class Teller : IFleetObserver
    {
        private readonly Dictionary<string, long> _begun = [];

        public IRotationObserver OnBegin(FleetMember member)
        {
            _begun[member.Request.Name] = Stopwatch.GetTimestamp();
            return new Observer();
        }

        public Task<bool> OnEndAsync(FleetResult result, Exception? exception)
        {
            var took = (int)Stopwatch.GetElapsedTime(_begun[result.Credential]).TotalMilliseconds;
            if (result.Outcome == FleetOutcome.Rotated)
                Console.WriteLine($"{result.Outcome} {took} {result.Credential}");
            else if (result.Outcome == FleetOutcome.Skipped)
                Console.WriteLine($"{result.Outcome} {took} {result.ErrorCode}");
            else
                Console.WriteLine($"{result.Outcome} {result.Credential}: {result.Message} {exception}");
            return Task.FromResult(true);
        }

        public void OnMessage(RotationMessageKind kind, string message) => Console.WriteLine($"{kind}: {message}");
    }
}
