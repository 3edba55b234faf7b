namespace Nebula.Rotation.PwshHost;

/// <summary>Makes the built module importable by name.</summary>
internal static class ModulePath
{
    private const string Variable = "PSModulePath";

    /// <summary>
    /// build.sh keeps this host in <c>out/tools/pwsh-host</c> and the module in <c>out/Nebula.Rotation</c>. Run from anywhere else
    /// (a test's folder), the host adds nothing.
    /// </summary>
    public static void AddStagedModule()
    {
        var output = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", ".."));
        if (!File.Exists(Path.Combine(output, "Nebula.Rotation", "Nebula.Rotation.psd1")))
            return;

        var inherited = Environment.GetEnvironmentVariable(Variable) ?? "";
        var folders = inherited.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (!folders.Contains(output, StringComparer.Ordinal))
            Environment.SetEnvironmentVariable(Variable, string.Join(Path.PathSeparator, [output, .. folders]));
    }
}
