# Makes the packages. Dot-sourced by build.ps1.

# NuGet writes the time and a random name into each package; with these two the same files are the same bytes.
$packedAt = [DateTimeOffset]::new(2000, 1, 1, 0, 0, 0, [TimeSpan]::Zero)
$coreProperties = 'package/services/metadata/core-properties/nebula.psmdcp'

function New-Packages {
    $packages = [IO.Path]::Combine($out, 'package')
    if ([IO.Directory]::Exists($packages)) { [IO.Directory]::Delete($packages, $true) }
    [void][IO.Directory]::CreateDirectory($packages)
    $file = New-ModulePackage $staged $packages
    Write-Step "Packed out/package/$([IO.Path]::GetFileName($file)), $([Math]::Round([IO.FileInfo]::new($file).Length / 1MB, 1)) MB"

    # The libraries, for .NET applications: which project is a package it says itself. Their versions are one, so that one needs the others of its own.
    foreach ($library in [IO.Directory]::GetDirectories([IO.Path]::Combine($root, 'src'))) {
        $project = [IO.Path]::Combine($library, "$([IO.Path]::GetFileName($library)).csproj")
        if (-not [IO.File]::Exists($project) -or -not [IO.File]::ReadAllText($project).Contains('<IsPackable>true')) { continue }
        Invoke-Native -Quiet dotnet 'pack', $project, '-c', $Configuration, '--no-build', '-o', $packages, '--nologo', '-v', 'quiet'
        $file = [IO.Path]::Combine($packages, "$([IO.Path]::GetFileName($library)).$(Get-ModuleVersion).nupkg")
        Format-Package $file
        Write-Step "Packed out/package/$([IO.Path]::GetFileName($file))"
    }
}

# A package as the Gallery takes it: a staged module with a nuspec made of its manifest. Gives its path.
function New-ModulePackage([string] $Module, [string] $Destination) {
    $manifest = Test-ModuleManifest ([IO.Path]::Combine($Module, 'Nebula.Rotation.psd1'))
    $data = $manifest.PrivateData.PSData
    $text = { param($value) [Security.SecurityElement]::Escape("$value") }
    # The tags by which the Gallery finds a module's commands.
    $tags = @('PSModule', 'PSIncludes_Cmdlet') + @($manifest.Tags) +
        @($manifest.ExportedCmdlets.Keys | ForEach-Object { "PSCmdlet_$_"; "PSCommand_$_" })
    $nuspec = [IO.Path]::Combine($Destination, 'Nebula.Rotation.nuspec')
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
    <projectUrl>$(& $text $data.ProjectUri)</projectUrl>
    <icon>icon.png</icon>
    <readme>README.md</readme>
    <releaseNotes>$(& $text $data.ReleaseNotes)</releaseNotes>
    <tags>$(& $text ($tags -join ' '))</tags>
  </metadata>
  <files>
    <file src="$(& $text ([IO.Path]::Combine($Module, '**', '*')))" target="" />
  </files>
</package>
"@)
    # Quiet: NuGet warns of every assembly outside lib, where a PowerShell module never has them.
    Invoke-Native -Quiet dotnet 'pack', $nuspec, '-o', $Destination, '--nologo', '-v', 'quiet'
    [IO.File]::Delete($nuspec)
    $package = [IO.Path]::Combine($Destination, "Nebula.Rotation.$($manifest.Version).nupkg")
    Format-Package $package
    return $package
}

# Writes a package again, with its entries in one order, at one time, under names that are no chance's.
function Format-Package([string] $Package) {
    [void][Reflection.Assembly]::Load('System.IO.Compression')
    $entries = [Collections.Generic.SortedDictionary[string, byte[]]]::new([StringComparer]::Ordinal)
    $reader = [IO.Compression.ZipArchive]::new([IO.File]::OpenRead($Package))
    try {
        foreach ($entry in $reader.Entries) {
            $content = [IO.MemoryStream]::new()
            $stream = $entry.Open()
            $stream.CopyTo($content)
            $stream.Dispose()
            $isProperties = $entry.FullName.EndsWith('.psmdcp')
            $bytes = $entry.FullName -eq '_rels/.rels' ? (Format-Relationships $content.ToArray()) : $content.ToArray()
            $entries[($isProperties ? $coreProperties : $entry.FullName)] = $bytes
        }
    }
    finally {
        $reader.Dispose()
    }

    $file = [IO.File]::Create($Package)
    $writer = [IO.Compression.ZipArchive]::new($file, [IO.Compression.ZipArchiveMode]::Create)
    try {
        foreach ($name in $entries.Keys) {
            $entry = $writer.CreateEntry($name, [IO.Compression.CompressionLevel]::SmallestSize)
            $entry.LastWriteTime = $packedAt
            $stream = $entry.Open()
            $stream.Write($entries[$name], 0, $entries[$name].Length)
            $stream.Dispose()
        }
    }
    finally {
        $writer.Dispose()
    }
}

# The properties' name is in the relations, too, and each relation has a number made of chance.
function Format-Relationships([byte[]] $Content) {
    $text = [Text.Encoding]::UTF8.GetString($Content).TrimStart([char]0xFEFF)
    $text = [regex]::Replace($text, '/package/services/metadata/core-properties/[^"]+\.psmdcp', "/$coreProperties")
    $ids = [regex]::Matches($text, ' Id="[^"]*"')
    for ($number = $ids.Count; $number -gt 0; $number--) {
        $id = $ids[$number - 1]
        $text = $text.Remove($id.Index, $id.Length).Insert($id.Index, " Id=`"R$number`"")
    }

    return , [Text.Encoding]::UTF8.GetBytes($text)
}
