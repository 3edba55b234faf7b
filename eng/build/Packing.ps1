# Dot-sourced by build.ps1.

# A package as the Gallery takes it: the staged folder with a nuspec made of the manifest.
function New-Package {
    $packages = [IO.Path]::Combine($out, 'package')
    [void][IO.Directory]::CreateDirectory($packages)
    $manifest = Test-ModuleManifest ([IO.Path]::Combine($staged, 'Nebula.Rotation.psd1'))
    $text = { param($value) [Security.SecurityElement]::Escape("$value") }
    # The tags by which the Gallery finds a module's commands.
    $tags = @('PSModule', 'PSIncludes_Cmdlet') + @($manifest.Tags) +
        @($manifest.ExportedCmdlets.Keys | ForEach-Object { "PSCmdlet_$_"; "PSCommand_$_" })
    $nuspec = [IO.Path]::Combine($packages, 'Nebula.Rotation.nuspec')
    [IO.File]::WriteAllText($nuspec, @"
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd">
  <metadata>
    <id>Nebula.Rotation</id>
    <version>$($manifest.Version)</version>
    <authors>$(& $text $manifest.Author)</authors>
    <copyright>$(& $text $manifest.Copyright)</copyright>
    <description>$(& $text $manifest.Description)</description>
    <license type="expression">MIT</license>
    <tags>$(& $text ($tags -join ' '))</tags>
  </metadata>
  <files>
    <file src="../Nebula.Rotation/**/*" target="" />
  </files>
</package>
"@)
    # Quiet: NuGet warns of every assembly outside lib, where a PowerShell module never has them.
    Invoke-Native -Quiet dotnet 'pack', $nuspec, '-o', $packages, '--nologo', '-v', 'quiet'
    Write-Step "Packed out/package/Nebula.Rotation.$($manifest.Version).nupkg"

    # The libraries, for .NET applications: which project is a package it says itself. Their versions are one, so that one needs the others of its own.
    foreach ($library in [IO.Directory]::GetDirectories([IO.Path]::Combine($root, 'src'))) {
        $project = [IO.Path]::Combine($library, "$([IO.Path]::GetFileName($library)).csproj")
        if (-not [IO.File]::Exists($project) -or -not [IO.File]::ReadAllText($project).Contains('<IsPackable>true')) { continue }
        Invoke-Native -Quiet dotnet 'pack', $project, '-c', $Configuration, '--no-build', '-o', $packages, '--nologo', '-v', 'quiet'
        Write-Step "Packed out/package/$([IO.Path]::GetFileName($library)).$(Get-ModuleVersion).nupkg"
    }
}
