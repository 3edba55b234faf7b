# What the build writes into the staged manifest: the version, what changed, and where things are. Dot-sourced by build.ps1.

# A text as PowerShell's own, in single quotes: each kind of them is doubled.
function ConvertTo-Literal([string] $Text) {
    return "'" + [regex]::Replace($Text, "['\u2018\u2019\u201A\u201B]", '$0$0') + "'"
}

# The manifest with the version of the build.
function Set-Version([string] $Manifest) {
    return [regex]::Replace($Manifest, "(?m)^(\s*ModuleVersion\s*=\s*)'[^']*'", "`${1}'$(Get-ModuleVersion)'")
}

# Each value has a line of its own in the source, with what stands for it there.
function Set-ManifestValue([string] $Manifest, [string] $Name, [string] $Literal) {
    $line = [regex]::new("(?m)^(\s*$Name\s*=\s*)'[^'\r\n]*'")
    if (-not $line.IsMatch($Manifest)) { throw "Nebula.Rotation.psd1 has no line '$Name = ...' for the build to fill in." }
    # A dollar in a replacement means something.
    return $line.Replace($Manifest, '${1}' + $Literal.Replace('$', '$$'), 1)
}

function Complete-Manifest([string] $Folder) {
    $path = [IO.Path]::Combine($Folder, 'Nebula.Rotation.psd1')
    $project = Get-BuildProperty 'PackageProjectUrl'
    $manifest = [IO.File]::ReadAllText($path)
    $manifest = Set-ManifestValue $manifest 'ProjectUri' (ConvertTo-Literal $project)
    $manifest = Set-ManifestValue $manifest 'LicenseUri' (ConvertTo-Literal "$project/blob/v$(Get-ModuleVersion)/LICENSE")
    $manifest = Set-ManifestValue $manifest 'IconUri' (ConvertTo-Literal "$project/raw/v$(Get-ModuleVersion)/eng/package/icon.png")
    $manifest = Set-ManifestValue $manifest 'ReleaseNotes' (ConvertTo-Literal (Get-ReleaseNotes))
    # With a byte order mark: Windows PowerShell, which lists the modules of folders it shares with PowerShell 7, would read the change log's
    # UTF-8 as its own code page, and bytes of it as quotes.
    [IO.File]::WriteAllText($path, $manifest, [Text.UTF8Encoding]::new($true))
}

# The section of this version in the change log.
function Get-ReleaseNotes {
    $log = [IO.File]::ReadAllText([IO.Path]::Combine($root, 'CHANGELOG.md')).Replace("`r`n", "`n")
    $section = [regex]::Match($log, "(?ms)^## $([regex]::Escape((Get-ModuleVersion)))[^\n]*\n(.*?)(?=^## |\z)")
    if (-not $section.Success) { throw "CHANGELOG.md has no section '## $(Get-ModuleVersion)'." }
    return $section.Groups[1].Value.Trim()
}

function Get-BuildProperty([string] $Name) {
    $properties = [xml][IO.File]::ReadAllText([IO.Path]::Combine($root, 'Directory.Build.props'))
    return $properties.SelectSingleNode("/Project/PropertyGroup/$Name").InnerText
}

function Get-ModuleVersion {
    return Get-BuildProperty 'VersionPrefix'
}
