namespace Nebula.Rotation.Module.Tests.Hosting;

/// <summary>Where the repository and the staged module are.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The module as the Gallery ships it; <c>./build.sh build</c> makes it.</summary>
    public static string StagedModule { get; } = Path.Combine(Root, "out", "Nebula.Rotation");

    public static string Manifest { get; } = Path.Combine(StagedModule, "Nebula.Rotation.psd1");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Nebula.Rotation.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("Nebula.Rotation.sln is in no folder above the tests.");
    }
}
