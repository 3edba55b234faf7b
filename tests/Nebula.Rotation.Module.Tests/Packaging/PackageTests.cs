using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;

namespace Nebula.Rotation.Module.Tests.Packaging;

/// <summary>The package that the Gallery gets, made of the staged module by the build's own scripts.</summary>
public sealed class PackageTests(PackageFixture packages) : IClassFixture<PackageFixture>
{
    private const int LargestMegabytes = 15;

    private static readonly string[] ShippedRuntimes = ["win-x64", "win-arm64", "linux-x64", "linux-arm64", "linux-musl-x64", "osx-x64", "osx-arm64"];

    [Fact]
    public void Two_packs_of_the_same_module_are_the_same_bytes() =>
        Assert.Equal(File.ReadAllBytes(packages.First), File.ReadAllBytes(packages.Second));

    [Fact]
    public void It_is_small_enough() => Assert.InRange(new FileInfo(packages.First).Length, 1_000_000, LargestMegabytes * 1_000_000);

    [Fact]
    public void It_has_the_native_files_of_the_platforms_and_no_others()
    {
        var native = Entries().Select(entry => entry.Split('/')).Where(parts => parts.Contains("native")).ToList();
        Assert.Equal(ShippedRuntimes.Order(), native.Select(parts => parts[3]).Order());
        Assert.All(native, parts => Assert.Contains("e_sqlite3", parts[^1], StringComparison.Ordinal));
        string[] known = [".dll", ".json", ".psd1", ".psm1", ".ps1xml", ".md", ".txt", ".xml", ".png", ".so", ".dylib", ""];
        Assert.All(packages.Files(), file => Assert.Contains(Path.GetExtension(file), known));
    }

    [Fact]
    public void The_bill_of_materials_lists_the_files_that_are_in_it_with_their_hashes()
    {
        using var archive = ZipFile.OpenRead(packages.First);
        var listed = JsonNode.Parse(Read(archive, "bom.cdx.json"))!["metadata"]!["component"]!["components"]!.AsArray()
            .ToDictionary(file => (string)file!["name"]!, file => ((string)file!["type"]!, (string)file["hashes"]![0]!["alg"]!, (string)file["hashes"]![0]!["content"]!));
        Assert.Equal(packages.Files().Where(file => file != "bom.cdx.json").Order(StringComparer.Ordinal), listed.Keys.Order(StringComparer.Ordinal));
        Assert.All(listed, file => Assert.Equal(("file", "SHA-256", Convert.ToHexStringLower(SHA256.HashData(Read(archive, file.Key)))), file.Value));
    }

    [Fact]
    public void It_says_what_it_is_what_has_changed_and_where_things_are()
    {
        using var archive = ZipFile.OpenRead(packages.First);
        var metadata = XDocument.Load(archive.GetEntry("Nebula.Rotation.nuspec")!.Open()).Root!.Elements().Single();
        string Value(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal(("Nebula.Rotation", "MIT", "icon.png", "README.md"), (Value("id"), Value("license"), Value("icon"), Value("readme")));
        Assert.StartsWith("https://", Value("projectUrl"), StringComparison.Ordinal);
        Assert.Contains("The first version.", Value("releaseNotes"), StringComparison.Ordinal);
        var tags = Value("tags").Split(' ');
        Assert.Contains("PSModule", tags);
        Assert.Contains("PSCommand_Export-NebulaReport", tags);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], Read(archive, "icon.png")[..4]);
    }

    [Fact]
    public void Unpacked_to_a_folder_of_the_module_path_it_imports_and_a_command_works()
    {
        using var process = new ScriptHostProcess();
        var modules = packages.Unpack();
        var result = process.RunScript(
            """
            param($modules)
            $env:PSModulePath = $modules
            $ErrorActionPreference = 'Stop'
            $manifest = [IO.Directory]::GetFiles($modules, 'Nebula.Rotation.psd1', 'AllDirectories')[0]
            "commands: $((Test-ModuleManifest $manifest).ExportedCmdlets.Count)"
            Import-Module Nebula.Rotation
            "from: $((Get-Module Nebula.Rotation).ModuleBase)"
            $store = [IO.Path]::Combine($modules, 'store.db')
            $secure = [securestring]::new()
            'old-Password.1'.ToCharArray() | ForEach-Object { $secure.AppendChar($_) }
            $login = [pscredential]::new('orders_old', $secure)
            $null = New-NebulaDbCredential orders -DatabaseType PostgreSql -HostName 127.0.0.1 -Port 1 -Database app -Credential $login -SkipCheck -Store $store
            "credential: $((Get-NebulaDbCredential orders -Store $store).Username)"
            $page = Export-NebulaReport ([IO.Path]::Combine($modules, 'report.html')) -Store $store -PassThru
            "report: $([IO.File]::ReadAllText($page.FullName).Contains('orders_old'))"
            """,
            modules);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains($"from: {Path.Combine(modules, "Nebula.Rotation")}", result.Output, StringComparison.Ordinal);
        Assert.Contains("credential: orders_old", result.Output, StringComparison.Ordinal);
        Assert.Contains("report: True", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_bill_of_materials_names_everything_that_is_shipped_and_its_licence()
    {
        using var archive = ZipFile.OpenRead(packages.First);
        var bom = JsonNode.Parse(Read(archive, "bom.cdx.json"))!;
        Assert.Equal(("CycloneDX", "1.6"), ((string)bom["bomFormat"]!, (string)bom["specVersion"]!));
        var components = bom["components"]!.AsArray().ToDictionary(component => (string)component!["name"]!, component => component!);
        // Which assembly comes from which package, as the runtime itself reads it.
        var deps = JsonNode.Parse(Read(archive, "bin/dependencies/Nebula.Rotation.Engine.deps.json"))!;
        var shipped = deps["targets"]![(string)deps["runtimeTarget"]!["name"]!]!.AsObject()
            .Where(library => new[] { "runtime", "native", "runtimeTargets" }.Any(kind => library.Value![kind] is JsonObject { Count: > 0 })).ToList();
        Assert.True(shipped.Count > 15);
        foreach (var (key, _) in shipped)
        {
            var component = components[key.Split('/')[0]];
            Assert.Equal($"pkg:nuget/{key.Split('/')[0]}@{key.Split('/')[1]}", (string)component["purl"]!);
            Assert.False(string.IsNullOrEmpty((string?)component["licenses"]?[0]?["expression"]), $"{key} says nothing of its licence.");
        }

        var references = components.Values.Select(component => (string)component["bom-ref"]!).Append((string)bom["metadata"]!["component"]!["bom-ref"]!).ToHashSet();
        Assert.All(bom["dependencies"]!.AsArray(), line => Assert.Contains((string)line!["ref"]!, references));
        Assert.All(bom["dependencies"]!.AsArray().SelectMany(line => line!["dependsOn"]!.AsArray()), need => Assert.Contains((string)need!, references));
    }

    [Fact]
    public void Signing_where_it_cannot_be_done_says_where_it_can()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows can sign.");
        using var process = new ScriptHostProcess();
        var result = process.RunScript(PackageFixture.BuildScripts + "Protect-Module $staged 'AA' '' ''", Repository.Root, "");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("on Windows only", result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void It_publishes_to_a_folder_and_installs_from_there_with_PSResourceGet()
    {
        var pwsh = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "pwsh.exe" : "pwsh")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(pwsh is null, "PSResourceGet needs pwsh, which is not here.");
        using var process = new ScriptHostProcess();
        var script = process.Script(
            """
            param($package, $folder)
            $ErrorActionPreference = 'Stop'
            if (-not (Get-Module Microsoft.PowerShell.PSResourceGet -ListAvailable)) { 'missing'; exit }
            $name = "nebula-$([guid]::NewGuid().ToString('N'))"
            $repository = New-Item -ItemType Directory (Join-Path $folder repository)
            $saved = New-Item -ItemType Directory (Join-Path $folder saved)
            Register-PSResourceRepository $name -Uri $repository.FullName -Trusted
            try {
                Publish-PSResource -NupkgPath $package -Repository $name
                Save-PSResource Nebula.Rotation -Repository $name -Path $saved.FullName
                Import-Module (Get-ChildItem $saved -Recurse -Filter Nebula.Rotation.psd1).FullName
                "installed: $((Get-Command -Module Nebula.Rotation).Count)"
            }
            finally { Unregister-PSResourceRepository $name }
            """);
        var result = packages.Run(pwsh!, ["-NoProfile", "-File", script, packages.First, packages.NewFolder("gallery")]);
        Assert.SkipWhen(result.Contains("missing", StringComparison.Ordinal), "This pwsh has no PSResourceGet.");
        Assert.Matches(@"installed: [2-9]\d", result);
    }

    private List<string> Entries()
    {
        using var archive = ZipFile.OpenRead(packages.First);
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    private static byte[] Read(ZipArchive archive, string name)
    {
        using var stream = archive.GetEntry(name)!.Open();
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
