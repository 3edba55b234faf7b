# Builds the solution and lays the module out in out/Nebula.Rotation as the Gallery ships it. Dot-sourced by build.ps1.

# The platforms PowerShell 7.4 runs on and that native SQLite is built for; the package has some twenty more.
$runtimeIds = 'win-x64', 'win-arm64', 'linux-x64', 'linux-arm64', 'linux-musl-x64', 'osx-x64', 'osx-arm64'

$solution = [IO.Path]::Combine($root, 'Nebula.Rotation.sln')
$staged = [IO.Path]::Combine($out, 'Nebula.Rotation')
$stamp = [IO.Path]::Combine($out, ".staged-$Configuration")

function Build-Module([switch] $Quiet) {
    if (-not $Quiet) { Write-Step "Build ($Configuration)" }
    # The files an aborted build leaves must not pass for a staged module.
    # Where the folder is missing, too, as in a fresh clone, Delete throws.
    if ([IO.File]::Exists($stamp)) { [IO.File]::Delete($stamp) }
    $began = [DateTime]::UtcNow
    Invoke-Native -Quiet:$Quiet dotnet 'restore', $solution, '--nologo', '-v', 'quiet'
    Invoke-Native -Quiet:$Quiet dotnet 'build', $solution, '-c', $Configuration, '--no-restore', '--nologo', '-v', 'quiet', '-clp:NoSummary'
    Publish-Staged -Quiet:$Quiet
    [IO.File]::WriteAllText($stamp, '')
    # What was saved while the build ran may not be in it.
    [IO.File]::SetLastWriteTimeUtc($stamp, $began)
    if (-not $Quiet) { Write-Step "Staged Nebula.Rotation $(Get-ModuleVersion) in out/Nebula.Rotation" }
}

function Update-Staged {
    if (-not (Test-ModuleStaged)) { Build-Module -Quiet }
}

function Test-ModuleStaged {
    if (-not [IO.File]::Exists($stamp)) { return $false }
    $built = [IO.File]::GetLastWriteTimeUtc($stamp)
    # A staged Debug build is replaced when Release is asked for, and the other way round.
    $others = [IO.Directory]::GetFiles($out, '.staged-*') | Where-Object { [IO.File]::GetLastWriteTimeUtc($_) -gt $built }
    if ($others) { return $false }

    $sources = @([IO.Directory]::GetFiles($root)) + @(Get-SourceFiles ([IO.Path]::Combine($root, 'src'))) +
        @(Get-SourceFiles ([IO.Path]::Combine($root, 'demo'))) + @(Get-SourceFiles ([IO.Path]::Combine($root, 'eng'))) +
        @(Get-SourceFiles ([IO.Path]::Combine($root, 'docs', 'commands'))) + @(Get-SourceFiles ([IO.Path]::Combine($root, 'docs', 'about')))
    return -not ($sources | Where-Object { [IO.File]::GetLastWriteTimeUtc($_) -gt $built })
}

function Get-SourceFiles([string] $Folder) {
    if (-not [IO.Directory]::Exists($Folder)) { return }
    $files = [IO.Directory]::EnumerateFiles($Folder, '*', [IO.SearchOption]::AllDirectories)
    $files | Where-Object { $_ -notmatch '[\\/](bin|obj)[\\/]' }
}

function Publish-Staged([switch] $Quiet) {
    if ([IO.Directory]::Exists($staged)) { [IO.Directory]::Delete($staged, $true) }
    $bin = [IO.Path]::Combine($staged, 'bin')
    $dependencies = [IO.Path]::Combine($bin, 'dependencies')
    [void][IO.Directory]::CreateDirectory($bin)

    $cmdlets = [IO.Path]::Combine($root, 'src', 'Nebula.Rotation')
    foreach ($assembly in 'Nebula.Rotation.dll', 'Nebula.Rotation.Abstractions.dll') {
        Copy-Into $bin ([IO.Path]::Combine($cmdlets, 'bin', $Configuration, 'net8.0', $assembly))
    }

    $engineProject = [IO.Path]::Combine($root, 'src', 'Nebula.Rotation.Engine', 'Nebula.Rotation.Engine.csproj')
    Invoke-Native -Quiet:$Quiet dotnet 'publish', $engineProject, '-c', $Configuration, '--no-build', '--nologo', '-v', 'quiet', '-o', $dependencies
    Remove-Unshipped $dependencies

    $manifest = [IO.File]::ReadAllText([IO.Path]::Combine($root, 'Nebula.Rotation.psd1'))
    [IO.File]::WriteAllText([IO.Path]::Combine($staged, 'Nebula.Rotation.psd1'), (Set-Version $manifest))
    foreach ($file in 'Nebula.Rotation.psm1', 'LICENSE', 'README.md') {
        $source = [IO.Path]::Combine($root, $file)
        if ([IO.File]::Exists($source)) { Copy-Into $staged $source }
    }

    # The vault and the views: modules of scripts and data alone, which ours imports when they are needed.
    foreach ($name in 'Nebula.Rotation.Extension', 'Nebula.Rotation.Views') {
        $folder = [IO.Path]::Combine($staged, $name)
        [void][IO.Directory]::CreateDirectory($folder)
        foreach ($file in [IO.Directory]::GetFiles([IO.Path]::Combine($root, 'src', $name), '*.ps*')) {
            $text = [IO.File]::ReadAllText($file)
            [IO.File]::WriteAllText([IO.Path]::Combine($folder, [IO.Path]::GetFileName($file)), (Set-Version $text))
        }
    }

    foreach ($file in [IO.Directory]::GetFiles($cmdlets, '*.ps1xml')) { Copy-Into $staged $file }
    Copy-Into $staged ([IO.Path]::Combine($cmdlets, 'Loading', 'Nebula.Rotation.Loader.psm1'))
    Invoke-Help -Quiet:$Quiet 'stage', ([IO.Path]::Combine($root, 'docs')), $bin, ([IO.Path]::Combine($staged, 'en-US'))

    Copy-Into $staged ([IO.Path]::Combine($root, 'eng', 'package', 'icon.png'))
    Complete-Manifest $staged
    # Last of all: it lists the files.
    Write-Bom $staged
}

# Makes help of the pages under docs, or brings what those pages have from the assembly up to date (eng/help).
function Invoke-Help([switch] $Quiet, [string[]] $With) {
    $program = [IO.Path]::Combine($root, 'eng', 'help', 'bin', $Configuration, 'net10.0', 'Nebula.Rotation.Help.dll')
    Invoke-Native -Quiet:$Quiet dotnet (@($program) + $With)
}

function Remove-Unshipped([string] $Dependencies) {
    # One copy of the contract, beside the cmdlets: a type loaded from two files is two types.
    [IO.File]::Delete([IO.Path]::Combine($Dependencies, 'Nebula.Rotation.Abstractions.dll'))
    foreach ($file in [IO.Directory]::GetFiles($Dependencies, '*.xml')) { [IO.File]::Delete($file) }

    $runtimes = [IO.Path]::Combine($Dependencies, 'runtimes')
    if (-not [IO.Directory]::Exists($runtimes)) { return }
    foreach ($folder in [IO.Directory]::GetDirectories($runtimes)) {
        # A folder with lib has managed assemblies for a family of systems (unix, win): those are few and small.
        $managed = [IO.Directory]::Exists([IO.Path]::Combine($folder, 'lib'))
        if ([IO.Path]::GetFileName($folder) -notin $runtimeIds -and -not $managed) {
            [IO.Directory]::Delete($folder, $true)
        }
    }
}

function Copy-Into([string] $Folder, [string] $File) {
    [IO.File]::Copy($File, [IO.Path]::Combine($Folder, [IO.Path]::GetFileName($File)), $true)
}

function Clear-Output {
    # The host this script may be running on stays: on Windows its files could not be deleted now.
    $keep = [IO.Path]::Combine($out, 'tools')
    if ([IO.Directory]::Exists($out)) {
        foreach ($folder in [IO.Directory]::GetDirectories($out)) {
            if ($folder -ne $keep) { [IO.Directory]::Delete($folder, $true) }
        }

        foreach ($file in [IO.Directory]::GetFiles($out)) { [IO.File]::Delete($file) }
    }

    foreach ($area in 'src', 'tests', 'eng', 'demo', 'bench') {
        $folder = [IO.Path]::Combine($root, $area)
        if (-not [IO.Directory]::Exists($folder)) { continue }
        foreach ($project in [IO.Directory]::GetFiles($folder, '*.csproj', [IO.SearchOption]::AllDirectories)) {
            foreach ($name in 'bin', 'obj') {
                $built = [IO.Path]::Combine([IO.Path]::GetDirectoryName($project), $name)
                if ([IO.Directory]::Exists($built)) { [IO.Directory]::Delete($built, $true) }
            }
        }
    }
}
