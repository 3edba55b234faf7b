using Nebula.Rotation.Module.Tests.Hosting;

namespace Nebula.Rotation.Module.Tests;

/// <summary>The module under out/, as users import it.</summary>
public sealed class StagedModuleTests
{
    [Fact]
    public void The_assemblies_come_from_the_staged_folder()
    {
        using var host = new ModuleHost();
        var result = host.Run("[Nebula.Rotation.StageResult].Assembly.Location").ThrowIfFailed();
        Assert.StartsWith(Repository.StagedModule, (string)Assert.Single(result.Output).BaseObject, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_that_of_the_build_properties()
    {
        using var host = new ModuleHost();
        var result = host.Run("$m = Get-Module Nebula.Rotation; \"$($m.Version)\"; \"$($m.Version).0\" -eq [Nebula.Rotation.StageResult].Assembly.GetName().Version").ThrowIfFailed();
        Assert.NotEqual("0.0.0", result.Output[0].ToString());
        Assert.Equal(true, result.Output[1].BaseObject);
    }

    [Fact]
    public void The_manifest_exports_every_cmdlet_of_the_assembly_and_no_other()
    {
        using var host = new ModuleHost();
        // The manifest's own list: what is imported is the part of it that the assembly has.
        var exported = host.Run($"(Test-ModuleManifest '{Repository.Manifest}').ExportedCmdlets.Keys").ThrowIfFailed();
        var assembly = System.Reflection.Assembly.LoadFrom(Path.Combine(Repository.StagedModule, "bin", "Nebula.Rotation.dll"));
        var cmdlets = assembly.GetExportedTypes()
            .SelectMany(t => t.GetCustomAttributes(typeof(System.Management.Automation.CmdletAttribute), inherit: false))
            .Cast<System.Management.Automation.CmdletAttribute>()
            .Select(a => $"{a.VerbName}-{a.NounName}");
        Assert.Equal(cmdlets.Order(StringComparer.Ordinal), exported.Output.Select(o => o.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Importing_again_and_after_removal_works()
    {
        using var host = new ModuleHost();
        var result = host.Run($"""
            Import-Module '{Repository.Manifest}' -Force
            Remove-Module Nebula.Rotation
            Import-Module '{Repository.Manifest}'
            (Get-Module Nebula.Rotation).Name
            """).ThrowIfFailed();
        Assert.Equal("Nebula.Rotation", Assert.Single(result.Output).BaseObject);
    }

    [Fact]
    public void No_second_copy_of_the_contract_is_shipped() =>
        Assert.Equal(
            [Path.Combine(Repository.StagedModule, "bin", "Nebula.Rotation.Abstractions.dll")],
            Directory.GetFiles(Repository.StagedModule, "Nebula.Rotation.Abstractions.dll", SearchOption.AllDirectories));

    [Fact]
    public async Task Stop_ends_a_running_script()
    {
        using var host = new ModuleHost(import: false);
        using var started = new ManualResetEventSlim();
        host.Run("param($e) $started = $e", new Dictionary<string, object> { ["e"] = started }).ThrowIfFailed();
        var run = Task.Run(() => host.Run("$started.Set(); while ($true) { [void][Threading.Thread]::Yield() }"));
        started.Wait(TestContext.Current.CancellationToken);
        host.Stop();
        Assert.IsType<System.Management.Automation.PipelineStoppedException>((await run).Terminating);
    }
}
