# What the module is made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json): made of the .deps.json that the module ships, so that it names what is there.
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

function New-BomComponent($Entry) {
    $component = [Text.Json.Nodes.JsonObject]::new()
    $component['type'] = 'library'
    $component['bom-ref'] = $Entry.Reference
    $component['name'] = $Entry.Name
    $component['version'] = $Entry.Version
    $hash = "$($Entry.Library['sha512'])"
    if ($hash.StartsWith('sha512-')) {
        $item = [Text.Json.Nodes.JsonObject]::new()
        $item['alg'] = 'SHA-512'
        $item['content'] = [Convert]::ToHexString([Convert]::FromBase64String($hash.Substring(7))).ToLowerInvariant()
        $component['hashes'] = New-JsonList $item
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
