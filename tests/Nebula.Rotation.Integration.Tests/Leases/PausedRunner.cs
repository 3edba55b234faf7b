using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Tests.Workflow;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Leases;

/// <summary>A process of its own that rotates with a short lease, and stops itself (SIGSTOP) at its n-th write to the store until somebody wakes it.</summary>
internal sealed class PausedRunner : IDisposable
{
    public const string Argument = "rotate-and-sleep";

    private const int SigStop = 19;
    private const int SigCont = 18;

    /// <summary>Short enough to wait for; no other pause of the workflow's is as long as a third of it.</summary>
    private static readonly TimeSpan ShortestLease = TimeSpan.FromMilliseconds(2100);

    private static readonly TimeSpan LongLease = TimeSpan.FromMinutes(30);

    /// <summary>A lease is not renewed: it must last until the runner sleeps, also on a machine that was less busy when a rotation was timed.</summary>
    private const int LeasesPerRotation = 3;

    private readonly Process _process;

    private PausedRunner(Process process) => _process = process;

    /// <summary>How many writes a rotation of a store takes, and how long a lease outlives one on this machine; it is done then.</summary>
    public static async Task<(int Writes, TimeSpan Lease)> CountAsync(string storePath)
    {
        using var runner = Start(storePath, int.MaxValue, LongLease);
        var said = (await runner.EndAsync()).Split(' ');
        var took = TimeSpan.FromMilliseconds(int.Parse(said[1], CultureInfo.InvariantCulture));
        return (int.Parse(said[0], CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds(Math.Max(ShortestLease.TotalMilliseconds, Math.Ceiling(LeasesPerRotation * took.TotalMilliseconds))));
    }

    public static async Task<PausedRunner> PauseAsync(string storePath, int at, TimeSpan lease)
    {
        var runner = Start(storePath, at, lease);
        await Eventually.HoldsAsync(() => runner.IsStopped || runner._process.HasExited, "a runner that sleeps");
        Assert.True(runner.IsStopped, runner._process.HasExited ? await runner._process.StandardOutput.ReadToEndAsync(Scene.Ct) : "it goes on");
        return runner;
    }

    /// <summary>Wakes it, and gives the last line that it said: the code of its failure, or how many writes there were.</summary>
    public async Task<string> WakeAsync()
    {
        Assert.Equal(0, Kill(_process.Id, SigCont));
        return await EndAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>The child itself.</summary>
    public static async Task<int> MainAsync(string storePath, int at, TimeSpan lease)
    {
        var calls = 0;
        void Touch(string what)
        {
            var isWrite = what.StartsWith("before", StringComparison.Ordinal) || what.StartsWith("after", StringComparison.Ordinal);
            if (isWrite && Interlocked.Increment(ref calls) == at)
                _ = KillThread(ThisThread(), SigStop);
        }

        var store = await Scene.OpenStoreAsync(storePath);
        var timing = Scene.Timing with { LeaseDuration = lease };
        var clock = Stopwatch.StartNew();
        await using var service = new RotationService(new(new TouchedStore(store, Touch), EngineRegistry.Default, new NoRenewal(lease), timing));
        try
        {
            await service.RotateAsync(Scene.Request(grace: TimeSpan.Zero), new Observer(), CancellationToken.None);
            Console.WriteLine($"{calls} {clock.ElapsedMilliseconds}");
        }
        catch (RotationException exception)
        {
            Console.WriteLine(exception);
            Console.WriteLine(exception.Code);
        }

        return 0;
    }

    /// <summary>
    /// The renewal in the background never has its turn, as after a sleep it may not have had it yet: nothing may rely on it. Nor is it in the midst of a write
    /// when the process is stopped, which would lock the store's file for everybody.
    /// </summary>
    private sealed class NoRenewal(TimeSpan lease) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == lease / 3 ? Timeout.InfiniteTimeSpan : dueTime, period);
    }

    private bool IsStopped
    {
        get
        {
            try
            {
                var text = File.ReadAllText($"/proc/{_process.Id}/stat");
                return text[(text.LastIndexOf(')') + 2)..].StartsWith('T');
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    private static PausedRunner Start(string storePath, int at, TimeSpan lease)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        // Under `dotnet exec` the program is dotnet itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(PausedRunner).Assembly.Location);
        start.ArgumentList.Add(Argument);
        start.ArgumentList.Add(storePath);
        start.ArgumentList.Add(at.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(lease.TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
        return new(Process.Start(start)!);
    }

    private async Task<string> EndAsync()
    {
        var said = await _process.StandardOutput.ReadToEndAsync(Scene.Ct);
        await _process.WaitForExitAsync(Scene.Ct);
        Assert.True(_process.ExitCode == 0, $"{_process.ExitCode}: {said}");
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        return said.Trim().Split('\n')[^1];
    }

    // To this very thread, which then stops before it does anything else: sent to the process, the signal may be another thread's to take, and this one would be
    // stopped a little later, in the midst of a write that locks the store's file for everybody.
    [DllImport("libc", EntryPoint = "pthread_kill")]
    private static extern int KillThread(nint thread, int signal);

    [DllImport("libc", EntryPoint = "pthread_self")]
    private static extern nint ThisThread();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
