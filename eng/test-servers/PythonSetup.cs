namespace Nebula.Rotation.TestServers;

/// <summary>The distribution's Python with packages of the distribution: not whichever python3 comes first in the path, which does not see them.</summary>
public static class PythonSetup
{
    private const string Program = "/usr/bin/python3";

    /// <summary>Gives the program, in which these modules can be imported; installs their packages where that is allowed.</summary>
    /// <exception cref="ServerUnavailableException">It cannot be had here.</exception>
    public static async Task<string> EnsureAsync(IReadOnlyList<string> modules, IReadOnlyList<string> packages, CancellationToken ct = default)
    {
        if (!await ImportsAsync(modules, ct))
        {
            await PackageInstaller.InstallAsync("Python", ["python3", .. packages], ct);
            if (!await ImportsAsync(modules, ct))
                throw new ServerUnavailableException("Python", $"{Program} does not import {string.Join(", ", modules)}.");
        }

        return Program;
    }

    private static async Task<bool> ImportsAsync(IReadOnlyList<string> modules, CancellationToken ct) =>
        File.Exists(Program)
        && (await CommandRunner.RunAsync(Program, ["-c", $"import {string.Join(", ", modules)}"], new Dictionary<string, string?> { ["PYTHONPATH"] = null }, ct)).Succeeded;
}
