using System.Diagnostics;

namespace Nebula.Rotation.Module.Tests.ScriptHost;

/// <summary>Runs eng/pwsh-host as build.sh does: a process with redirected output and input.</summary>
internal sealed class ScriptHostProcess : IDisposable
{
    // Of a script that hangs. The longest one takes half a minute, and many times that where the machine has other things to do.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-host-");

    /// <summary>Saves a script and returns its path.</summary>
    public string Script(string text, string name = "script.ps1")
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public ScriptHostResult RunScript(string text, params string[] arguments) => Run([Script(text), .. arguments]);

    public ScriptHostResult Run(params string[] arguments)
    {
        using var process = Start(arguments);
        return Finish(process);
    }

    public Process Start(params string[] arguments)
    {
        var host = Path.Combine(AppContext.BaseDirectory, "pwsh-host.dll");
        var start = new ProcessStartInfo("dotnet", [host, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("The script host did not start.");
    }

    public static ScriptHostResult Finish(Process process)
    {
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            var said = output.Result + error.Result;
            throw new TimeoutException($"The script host did not end within {Limit.TotalSeconds} s. It last said: {said[Math.Max(0, said.Length - 1000)..]}");
        }

        return new ScriptHostResult(process.ExitCode, output.Result, error.Result);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
