using System.Diagnostics;
using System.Globalization;

namespace Nebula.Rotation.TestServers;

/// <summary>
/// A headless Chromium with a throw-away profile, reached over the DevTools protocol. On a machine with apt it is installed when it is missing.
/// </summary>
public sealed class ChromiumBrowser : IAsyncDisposable
{
    private const string Name = "Chromium";
    private static readonly string[] Programs = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    private static readonly TimeSpan StartsWithin = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly DirectoryInfo _profile;

    private ChromiumBrowser(Process process, DirectoryInfo profile, int port)
    {
        (_process, _profile) = (process, profile);
        Port = port;
    }

    /// <summary>The port of its DevTools, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <exception cref="ServerUnavailableException">There is none to be had; the message says why.</exception>
    public static async Task<ChromiumBrowser> StartAsync(CancellationToken ct)
    {
        var program = await FindOrInstallAsync(ct);
        var profile = Directory.CreateTempSubdirectory("nebula-chromium-");
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            "--headless=new", "--remote-debugging-port=0", "--remote-allow-origins=*", $"--user-data-dir={profile.FullName}", "--no-first-run", "--no-default-browser-check",
            "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars",
            // Nothing but this machine is ever reached, whatever a page asks for.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--no-proxy-server",
            // The sandbox refuses to work for root, which containers of continuous integration are.
            .. Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows() ? new[] { "--no-sandbox" } : [],
            "about:blank",
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        var process = Process.Start(start) ?? throw new ServerUnavailableException(Name, $"{program} did not start.");
        try
        {
            var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return new(process, profile, await ReadPortAsync(process, profile, said, ct));
        }
        catch
        {
            await EndAsync(process, profile);
            throw;
        }
    }

    /// <summary>Opens an empty page.</summary>
    public async Task<ChromiumPage> OpenPageAsync(CancellationToken ct) => await ChromiumPage.OpenAsync(Port, ct);

    public async ValueTask DisposeAsync() => await EndAsync(_process, _profile);

    private static async Task<string> FindOrInstallAsync(CancellationToken ct)
    {
        if (Find() is { } found)
            return found;
        await PackageInstaller.InstallAsync(Name, ["chromium"], ct);
        return Find() ?? throw new ServerUnavailableException(Name, "apt-get installed the package chromium, and it has no program of that name.");
    }

    private static string? Find() => Programs.Select(CommandRunner.Find).FirstOrDefault(path => path is not null);

    /// <summary>Chromium writes the port it was given into this file of its profile once it listens.</summary>
    private static async Task<int> ReadPortAsync(Process process, DirectoryInfo profile, Task<string> said, CancellationToken ct)
    {
        var file = Path.Combine(profile.FullName, "DevToolsActivePort");
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (process.HasExited)
                throw new ServerUnavailableException(Name, $"it ended with {process.ExitCode}: {await said}");
            if (File.Exists(file) && (await File.ReadAllLinesAsync(file, ct)) is [var port, _, ..])
                return int.Parse(port, CultureInfo.InvariantCulture);
            if (Stopwatch.GetElapsedTime(began) > StartsWithin)
                throw new ServerUnavailableException(Name, $"it did not listen within {StartsWithin.TotalSeconds:0} s.");
            await Task.Delay(TimeSpan.FromMilliseconds(25), ct);
        }
    }

    private static async Task EndAsync(Process process, DirectoryInfo profile)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        // Its helpers may write for a moment after it has ended.
        for (var attempt = 0; attempt < 40 && Directory.Exists(profile.FullName); attempt++)
        {
            try
            {
                profile.Delete(recursive: true);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }
    }
}
