using System.Diagnostics;
using System.IO.Compression;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;

namespace Nebula.Rotation.Module.Tests.Packaging;

/// <summary>Two packages of the staged module, made one after the other in folders of their own.</summary>
public sealed class PackageFixture : IDisposable
{
    /// <summary>The build's functions, without its build: what is staged is packed.</summary>
    internal const string BuildScripts =
        """
        param([string] $root, [string] $to)
        Set-StrictMode -Version 3
        $ErrorActionPreference = 'Stop'
        $Configuration = 'Release'
        $out = [IO.Path]::Combine($root, 'out')
        foreach ($name in 'Native', 'Manifest', 'Bom', 'Staging', 'Signing', 'Packing') { . ([IO.Path]::Combine($root, 'eng', 'build', "$name.ps1")) }

        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-package-");

    public PackageFixture()
    {
        First = Pack("first");
        Second = Pack("second");
    }

    public string First { get; }

    public string Second { get; }

    public string NewFolder(string name) => _folder.CreateSubdirectory(name).FullName;

    /// <summary>The files of the module; the rest is the package's own.</summary>
    public IReadOnlyList<string> Files()
    {
        using var archive = ZipFile.OpenRead(First);
        return [.. archive.Entries.Select(entry => entry.FullName).Where(IsOfTheModule)];
    }

    /// <summary>Unpacks it as PSResourceGet does: name, version, and what is the module's.</summary>
    public string Unpack()
    {
        var modules = NewFolder("modules");
        using var archive = ZipFile.OpenRead(First);
        foreach (var entry in archive.Entries.Where(entry => IsOfTheModule(entry.FullName)))
        {
            var path = Path.Combine([modules, "Nebula.Rotation", Path.GetFileNameWithoutExtension(First)["Nebula.Rotation.".Length..], .. entry.FullName.Split('/')]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            entry.ExtractToFile(path);
        }

        return modules;
    }

    public string Run(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var result = ScriptHostProcess.Finish(process);
        return result.Output + result.Error;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static bool IsOfTheModule(string entry) =>
        entry != "[Content_Types].xml" && !entry.StartsWith("_rels/", StringComparison.Ordinal) && !entry.StartsWith("package/", StringComparison.Ordinal)
        && !entry.EndsWith(".nuspec", StringComparison.Ordinal);

    private string Pack(string name)
    {
        using var process = new ScriptHostProcess();
        var to = NewFolder(name);
        var result = process.RunScript(BuildScripts + "New-ModulePackage $staged $to", Repository.Root, to);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"Packing failed: {result.Output}{result.Error}");
        return Directory.GetFiles(to, "*.nupkg").Single();
    }
}
