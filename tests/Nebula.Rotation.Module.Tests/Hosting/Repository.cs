namespace Nebula.Rotation.Module.Tests.Hosting;

/// <summary>Where the repository and the staged module are.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The module as the Gallery ships it; <c>./build.sh build</c> makes it.</summary>
    public static string StagedModule { get; } = Path.Combine(Root, "out", "Nebula.Rotation");

    public static string Manifest { get; } = Path.Combine(StagedModule, "Nebula.Rotation.psd1");

    /// <summary>A module with other versions of our dependencies beside it, built as these tests are.</summary>
    public static string OtherModule { get; } = Path.Combine(
        Root, "tests", "Nebula.Rotation.OtherModule", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net8.0", "Nebula.Rotation.OtherModule.dll");

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
