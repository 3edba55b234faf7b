# What the other build scripts say and start. Dot-sourced by build.ps1.

function Write-Step([string] $Text) {
    $Host.UI.WriteLine("==> $Text")
}

# Ends the build when the command fails. A quiet one shows its output only then.
function Invoke-Native([switch] $Quiet, [string] $Command, [string[]] $With) {
    if ($Quiet) {
        $lines = & $Command @With 2>&1
        if ($LASTEXITCODE -ne 0) {
            $lines | ForEach-Object { $Host.UI.WriteErrorLine("$_") }
        }
    }
    else {
        & $Command @With | Out-Host
    }

    if ($LASTEXITCODE -ne 0) {
        throw "$Command $($With[0]) failed with exit code $LASTEXITCODE."
    }
}

# The program that runs this script, to run another one in a process of its own: pwsh, eng/pwsh-host, or dotnet with either of them.
function Get-HostCommand {
    $program = [Environment]::ProcessPath
    if ([IO.Path]::GetFileNameWithoutExtension($program) -eq 'dotnet') {
        return @($program, [Environment]::GetCommandLineArgs()[0])
    }

    return @($program)
}

# Runs a script (the first argument) with the staged module importable by name; its exit code is in $LASTEXITCODE. Not piped, here and
# below, so that the program has the terminal to itself: colours, progress, prompts.
function Invoke-Script([string[]] $ScriptAndArguments) {
    $program, $before = Get-HostCommand
    $inherited = $env:PSModulePath
    $env:PSModulePath = $out + [IO.Path]::PathSeparator + $inherited
    try {
        & $program @before -NoProfile -File @ScriptAndArguments
    }
    finally {
        $env:PSModulePath = $inherited
    }
}

# Runs a project's program; its exit code is in $LASTEXITCODE.
function Invoke-Project([string] $Folder, [string[]] $With) {
    & dotnet run --project $Folder -c $Configuration -- @With
}

function Invoke-Demo([string[]] $With) {
    $folder = [IO.Path]::Combine($root, 'demo')
    $script = [IO.Path]::Combine($folder, 'demo.ps1')
    if ([IO.File]::Exists($script)) {
        Invoke-Script @(@($script) + $With)
    }
    else {
        Invoke-Project ([IO.Path]::Combine($folder, 'Nebula.Rotation.Demo')) $With
    }
}
