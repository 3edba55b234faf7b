<#
.SYNOPSIS
Builds, tests, demonstrates and packs Nebula.Rotation.
.DESCRIPTION
Core cmdlets, .NET and native commands only: this script also runs on eng/pwsh-host, which has no others (see build.sh).
.PARAMETER Task
Build stages the module in out/Nebula.Rotation. Test builds and runs every test; its last line is "N passed, N failed, N skipped".
Docs writes into docs/commands what the cmdlets' assembly and parameters.md know. Exec runs a script with the built module importable by name and exits with its code.
.PARAMETER Engine
The database the demo rotates.
.PARAMETER IfChanged
Build: nothing to do when the staged module is newer than its sources.
.PARAMETER CertificateThumbprint
Pack: signs what is ours with this certificate of the user's or the machine's store first. Windows only.
.PARAMETER CertificatePath
Pack: the same with a PFX file, whose password stands in the environment variable NEBULA_SIGNING_PASSWORD.
.PARAMETER TimestampServer
Pack: who attests when it was signed (RFC 3161); empty for nobody.
.PARAMETER Arguments
Passed through to the demo, the benchmarks or the script.
#>
#Requires -Version 7.4
[CmdletBinding(PositionalBinding = $false)]
param(
    [ValidateSet('Build', 'Test', 'Demo', 'Bench', 'Pester', 'Pack', 'Docs', 'Exec', 'Clean')]
    [string] $Task = 'Build',

    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    [string] $Engine,

    [switch] $IfChanged,

    [string] $CertificateThumbprint,

    [string] $CertificatePath,

    [string] $TimestampServer = 'http://timestamp.digicert.com',

    [Parameter(ValueFromRemainingArguments)]
    [string[]] $Arguments = @()
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

$root = $PSScriptRoot
$out = [IO.Path]::Combine($root, 'out')
. ([IO.Path]::Combine($root, 'eng', 'build', 'Native.ps1'))
. ([IO.Path]::Combine($root, 'eng', 'build', 'Manifest.ps1'))
. ([IO.Path]::Combine($root, 'eng', 'build', 'Bom.ps1'))
. ([IO.Path]::Combine($root, 'eng', 'build', 'Staging.ps1'))
. ([IO.Path]::Combine($root, 'eng', 'build', 'Testing.ps1'))
. ([IO.Path]::Combine($root, 'eng', 'build', 'Signing.ps1'))
. ([IO.Path]::Combine($root, 'eng', 'build', 'Packing.ps1'))

switch ($Task) {
    'Build' {
        if (-not $IfChanged -or -not (Test-ModuleStaged)) {
            Build-Module -Quiet:$IfChanged
        }
    }
    'Test' {
        Build-Module
        exit (Invoke-AllTests)
    }
    'Pester' {
        Build-Module
        $tally = [TestTally]::new()
        Invoke-PesterTests $tally
        exit (Write-Tally $tally)
    }
    'Demo' {
        Update-Staged
        $chosen = $Engine ? @('-Engine', $Engine) : @()
        Invoke-Demo @($chosen + $Arguments)
        exit $LASTEXITCODE
    }
    'Bench' {
        Update-Staged
        Invoke-Project ([IO.Path]::Combine($root, 'bench', 'Nebula.Rotation.Benchmarks')) $Arguments
        exit $LASTEXITCODE
    }
    'Exec' {
        if ($Arguments.Count -eq 0) { throw 'Exec needs a script to run.' }
        Update-Staged
        Invoke-Script $Arguments
        exit $LASTEXITCODE
    }
    'Pack' {
        Build-Module
        if ($CertificateThumbprint -or $CertificatePath) {
            Protect-Module $staged $CertificateThumbprint $CertificatePath $TimestampServer
            # A signature is part of its file.
            Write-Bom $staged
        }

        New-Packages
    }
    'Docs' {
        Build-Module
        Invoke-Help 'update', ([IO.Path]::Combine($root, 'docs')), ([IO.Path]::Combine($staged, 'bin'))
    }
    'Clean' {
        Clear-Output
    }
}
