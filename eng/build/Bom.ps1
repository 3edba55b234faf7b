# What the module is made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json): made of the .deps.json that the module ships, so that it names what is there,
# and of the files themselves.
# No time and no serial number: two builds of the same sources give the same bytes. Dot-sourced by build.ps1.

# Where NuGet keeps what it has unpacked: a package's own nuspec says under which licence it comes.
function Get-PackageFolder {
    if ($env:NUGET_PACKAGES) { return $env:NUGET_PACKAGES }
    return [IO.Path]::Combine([Environment]::GetFolderPath('UserProfile'), '.nuget', 'packages')
}

function Write-Bom([string] $Folder) {
    $deps = [IO.Path]::Combine($Folder, 'bin', 'dependencies', 'Nebula.Rotation.Engine.deps.json')
    $document = [Text.Json.Nodes.JsonNode]::Parse([IO.File]::ReadAllText($deps))
    $libraries = $document['libraries']
    $target = $document['targets'][$document['runtimeTarget']['name'].ToString()]
    $references = [Collections.Generic.SortedDictionary[string, object]]::new([StringComparer]::Ordinal)
    foreach ($library in $libraries.GetEnumerator()) {
        $name, $version = $library.Key.Split('/')
        $isOurs = $library.Value['type'].ToString() -eq 'project'
        $used = $target[$library.Key]
        # A package that brings nothing along but its name (a meta package) is none of what is shipped.
        $references[$library.Key] = @{ Name = $name; Version = $version; IsOurs = $isOurs; Reference = "pkg:nuget/$name@$version"; Library = $library.Value; Used = $used }
    }

    $components = [Text.Json.Nodes.JsonArray]::new()
    $dependencies = [Text.Json.Nodes.JsonArray]::new()
    $module = "pkg:nuget/Nebula.Rotation@$(Get-ModuleVersion)"
    $all = [Text.Json.Nodes.JsonArray]::new()
    foreach ($key in $references.Keys) {
        $entry = $references[$key]
        $components.Add((New-BomComponent $entry))
        $needs = [Text.Json.Nodes.JsonArray]::new()
        if ($null -ne $entry.Used -and $null -ne $entry.Used['dependencies']) {
            foreach ($need in $entry.Used['dependencies'].GetEnumerator()) {
                $needed = "$($need.Key)/$($need.Value)"
                # What the shared framework has instead is not listed among the libraries.
                if ($references.ContainsKey($needed)) { $needs.Add([Text.Json.Nodes.JsonValue]::Create($references[$needed].Reference)) }
            }
        }

        $line = [Text.Json.Nodes.JsonObject]::new()
        $line['ref'] = $entry.Reference
        $line['dependsOn'] = $needs
        $dependencies.Add($line)
        if ($entry.Name -eq 'Nebula.Rotation.Engine') { $all.Add([Text.Json.Nodes.JsonValue]::Create($entry.Reference)) }
    }

    $first = [Text.Json.Nodes.JsonObject]::new()
    $first['ref'] = $module
    $first['dependsOn'] = $all
    $dependencies.Insert(0, $first)

    $subject = [Text.Json.Nodes.JsonObject]::new()
    $subject['type'] = 'application'
    $subject['bom-ref'] = $module
    $subject['name'] = 'Nebula.Rotation'
    $subject['version'] = Get-ModuleVersion
    $subject['purl'] = $module
    $subject['licenses'] = [Text.Json.Nodes.JsonNode]::Parse('[{"license":{"id":"MIT"}}]')
    $subject['components'] = New-FileList $Folder
    $metadata = [Text.Json.Nodes.JsonObject]::new()
    $metadata['component'] = $subject

    $bom = [Text.Json.Nodes.JsonObject]::new()
    $bom['$schema'] = 'http://cyclonedx.org/schema/bom-1.6.schema.json'
    $bom['bomFormat'] = 'CycloneDX'
    $bom['specVersion'] = '1.6'
    $bom['version'] = 1
    $bom['metadata'] = $metadata
    $bom['components'] = $components
    $bom['dependencies'] = $dependencies
    $options = [Text.Json.JsonSerializerOptions]::new()
    $options.WriteIndented = $true
    [IO.File]::WriteAllText([IO.Path]::Combine($Folder, 'bom.cdx.json'), $bom.ToJsonString($options).Replace("`r`n", "`n") + "`n")
}

# Every file that is shipped but the bill itself.
function New-FileList([string] $Folder) {
    $files = [Text.Json.Nodes.JsonArray]::new()
    foreach ($name in Get-StagedFiles $Folder) {
        if ($name -eq 'bom.cdx.json') { continue }
        $file = [Text.Json.Nodes.JsonObject]::new()
        $file['type'] = 'file'
        $file['name'] = [string] $name
        $file['hashes'] = New-JsonList (New-Hash 'SHA-256' ([Security.Cryptography.SHA256]::HashData([IO.File]::ReadAllBytes([IO.Path]::Combine($Folder, $name)))))
        $files.Add($file)
    }

    return , $files
}

# Relative, with slashes, in an order that is the same on every machine.
function Get-StagedFiles([string] $Folder) {
    $files = [string[]]@([IO.Directory]::GetFiles($Folder, '*', [IO.SearchOption]::AllDirectories) |
        ForEach-Object { [IO.Path]::GetRelativePath($Folder, $_).Replace('\', '/') })
    [Array]::Sort($files, [StringComparer]::Ordinal)
    return $files
}

function New-Hash([string] $Algorithm, [byte[]] $Hash) {
    $item = [Text.Json.Nodes.JsonObject]::new()
    $item['alg'] = $Algorithm
    $item['content'] = [Convert]::ToHexString($Hash).ToLowerInvariant()
    return , $item
}

function New-BomComponent($Entry) {
    $component = [Text.Json.Nodes.JsonObject]::new()
    $component['type'] = 'library'
    $component['bom-ref'] = $Entry.Reference
    $component['name'] = $Entry.Name
    $component['version'] = $Entry.Version
    $hash = "$($Entry.Library['sha512'])"
    if ($hash.StartsWith('sha512-')) {
        $component['hashes'] = New-JsonList (New-Hash 'SHA-512' ([Convert]::FromBase64String($hash.Substring(7))))
    }

    $license = $Entry.IsOurs ? 'MIT' : (Find-License $Entry)
    if ($license) {
        $item = [Text.Json.Nodes.JsonObject]::new()
        $item['expression'] = $license
        $component['licenses'] = New-JsonList $item
    }

    $component['purl'] = $Entry.Reference
    return , $component
}

function New-JsonList($Item) {
    $list = [Text.Json.Nodes.JsonArray]::new()
    $list.Add($Item)
    # The comma: a list that leaves a function would be taken apart.
    return , $list
}

# The SPDX expression of the package's own nuspec; none where it names a file instead.
function Find-License($Entry) {
    $id = $Entry.Name.ToLowerInvariant()
    $nuspec = [IO.Path]::Combine((Get-PackageFolder), $id, $Entry.Version.ToLowerInvariant(), "$id.nuspec")
    if (-not [IO.File]::Exists($nuspec)) { return $null }
    $license = ([xml][IO.File]::ReadAllText($nuspec)).SelectSingleNode("//*[local-name()='license'][@type='expression']")
    return $license ? $license.InnerText.Trim() : $null
}
