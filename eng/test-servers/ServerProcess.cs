using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// One server's process and its throw-away folder, kept by a watchdog that removes both when this process ends, in whatever way (see watchdog.sh).
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan WatchdogEnds = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(25);

    private readonly Process _watchdog;
    private readonly SemaphoreSlim _oneCommand = new(1, 1);

    private ServerProcess(Process watchdog, string folder)
    {
        _watchdog = watchdog;
        Folder = folder;
    }

    /// <summary>The folder that goes with the server. Anything may be put into it.</summary>
    public string Folder { get; }

    /// <summary>Where the server's standard output and error go.</summary>
    public string LogPath => Path.Combine(Folder, "server.log");

    /// <summary>The server's process id, from the first start on.</summary>
    public int ProcessId { get; private set; }

    /// <summary>The server's exit code if it has ended (128 + n after signal n), else null.</summary>
    public int? ExitCode =>
        File.Exists(ExitCodePath) ? int.Parse(File.ReadAllText(ExitCodePath), CultureInfo.InvariantCulture) : null;

    private string ExitCodePath => Path.Combine(Folder, "exit.code");

    /// <summary>Makes the folder and sets the watchdog over it.</summary>
    /// <param name="name">What the folder is called after, such as <c>postgres</c>.</param>
    /// <param name="parentFolder">Where the folder goes.</param>
    /// <param name="lastSignal">What ends the server when nobody wants it any more, such as <c>QUIT</c>. Its data is thrown away: the fastest will do.</param>
    [SupportedOSPlatform("linux")]
    public static async Task<ServerProcess> CreateAsync(string name, string parentFolder, string lastSignal, CancellationToken ct)
    {
        var folder = Path.Combine(parentFolder, $"nebula-{name}-{RandomNumberGenerator.GetHexString(10, lowercase: true)}");
        // Others may pass through to what is theirs (the server's account, to its data), and read nothing else.
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        try
        {
            var script = Path.Combine(folder, "watchdog.sh");
            await using (var source = typeof(ServerProcess).Assembly.GetManifestResourceStream("watchdog.sh")!)
            await using (var target = File.Create(script))
                await source.CopyToAsync(target, ct);

            // setsid: Ctrl+C and a hang-up reach the terminal's processes; the watchdog must outlive those to clean up.
            var setsid = CommandRunner.Find("setsid");
            string[] command = [.. setsid is null ? [] : new[] { setsid }, "/bin/sh", script, folder, lastSignal];
            var start = new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                WorkingDirectory = "/",
            };
            return new ServerProcess(Process.Start(start)!, folder);
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Runs a script in the watchdog, so that it too has ended before the folder goes.</summary>
    /// <returns>Its exit code, and its output.</returns>
    public async Task<CommandResult> PrepareAsync(string name, string script, CancellationToken ct)
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, name), script, ct);
        var answer = await AskAsync($"run {name}", "exited", ct);
        return new CommandResult(answer, await ReadFileAsync(Path.Combine(Folder, name + ".log"), ct), "");
    }

    /// <summary>Starts the server. Its standard input is empty; the command must become the server (exec), not stay its parent.</summary>
    public async Task StartAsync(IEnumerable<string> command, CancellationToken ct)
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "serve.sh"), $"cd /\nexec {Quote(command)}\n", ct);
        ProcessId = await AskAsync("start", "started", ct);
    }

    /// <summary>Signals the server and waits for its end.</summary>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public Task StopAsync(string signal, TimeSpan timeout, CancellationToken ct) =>
        AskAsync(string.Create(CultureInfo.InvariantCulture, $"stop {signal} {(int)timeout.TotalSeconds}"), "stopped", ct);

    /// <summary>Waits until a condition holds. Ends at once when the server does.</summary>
    /// <returns>Whether it holds; false when the server has ended.</returns>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public async Task<bool> WaitUntilAsync(Func<bool> condition, string what, TimeSpan timeout, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (ExitCode is not null)
                return false;
            if (clock.Elapsed > timeout)
                throw new TimeoutException($"{what}: not within {timeout.TotalSeconds:0} s.");
            await Task.Delay(Poll, ct);
        }

        return true;
    }

    /// <summary>All that the server has written so far.</summary>
    public Task<string> ReadLogAsync(CancellationToken ct) => ReadFileAsync(LogPath, ct);

    /// <summary>Ends the server and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _watchdog.StandardInput.Close();
        }
        catch (IOException)
        {
            // The watchdog has ended by itself: somebody stopped it, and it has cleaned up.
        }

        using var patience = new CancellationTokenSource(WatchdogEnds);
        try
        {
            await _watchdog.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The watchdog of {Folder} did not end within {WatchdogEnds.TotalSeconds:0} s.");
        }
        finally
        {
            _watchdog.Dispose();
            _oneCommand.Dispose();
        }
    }

    /// <summary>Words as a POSIX shell reads them back unchanged.</summary>
    public static string Quote(IEnumerable<string> words) =>
        string.Join(' ', words.Select(word => "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'"));

    private async Task<int> AskAsync(string command, string expected, CancellationToken ct)
    {
        await _oneCommand.WaitAsync(ct);
        try
        {
            await _watchdog.StandardInput.WriteAsync((command + "\n").AsMemory(), ct);
            await _watchdog.StandardInput.FlushAsync(ct);
            // The answer is awaited even when the caller no longer wants it: the next command must not read this one's.
            var answer = await _watchdog.StandardOutput.ReadLineAsync(CancellationToken.None);
            return answer?.Split(' ') switch
            {
                [var word, var number] when word == expected => int.Parse(number, CultureInfo.InvariantCulture),
                ["running"] => throw new TimeoutException($"The server in {Folder} did not end in time ({command})."),
                _ => throw new InvalidOperationException($"The watchdog of {Folder} answered '{answer}' to '{command}'."),
            };
        }
        finally
        {
            _oneCommand.Release();
        }
    }

    private static async Task<string> ReadFileAsync(string path, CancellationToken ct)
    {
        if (!File.Exists(path))
            return "";
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(ct);
    }
}
