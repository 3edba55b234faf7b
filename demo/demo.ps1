<#
.SYNOPSIS
One rotation under live traffic, and its undo.
.DESCRIPTION
Starts a throw-away server and an application on it (the project beside this script), stores the application's login, rotates it while the
application reads and writes, takes the rotation back, and prints how many queries were made and how many failed. Ends with exit code 1 when any
did, or when a command failed.

    ./build.sh demo
    ./build.sh demo -Engine MariaDb                               or MySql
    ./build.sh demo -OnDrainTimeout Terminate -GracePeriod 0     cuts off who is late: must report failed queries
    ./build.sh demo -Rounds 50                                   rotations in a row, and a comparison of the server before and after

Core cmdlets and .NET only, so that it also runs where PowerShell is not installed (see build.sh).
.PARAMETER Engine
The server: PostgreSql, MySql or MariaDb.
.PARAMETER Rounds
So many rotations in a row instead of one and its undo.
.PARAMETER LongTransaction
How many seconds the application's long transaction takes; 0 for none.
.PARAMETER LateSeconds
How many seconds later than the others one consumer follows to the new login; 0 for no such consumer.
#>
#Requires -Version 7.4
[CmdletBinding(PositionalBinding = $false)]
param(
    [ValidateSet('PostgreSql', 'MySql', 'MariaDb')]
    [string] $Engine = 'PostgreSql',

    [string] $GracePeriod,

    [ValidateSet('Keep', 'Terminate', 'RollBack')]
    [string] $OnDrainTimeout = 'Keep',

    [string] $DrainTimeout,

    [ValidateRange(0, 1000)]
    [int] $Rounds = 0,

    [ValidateRange(0, 600)]
    [double] $LongTransaction = $Rounds -gt 0 ? 2 : 30,

    [ValidateRange(0, 600)]
    [double] $LateSeconds = $Rounds -gt 0 ? 1 : 10
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
. ([IO.Path]::Combine($PSScriptRoot, 'AppProcess.ps1'))

function Get-Facts([string] $Store) {
    # What is kept for the first login's name (MySQL: routines, triggers) is nothing that the next login has; the application looks after it.
    (Get-NebulaRotationPlan -Name shop -Store $Store -WarningAction Ignore).Facts | Where-Object Kind -ne KeptDefiner | ForEach-Object { "$_" }
}

function Compare-Facts([string[]] $Before, [string[]] $After) {
    $Before | Where-Object { $_ -cnotin $After } | ForEach-Object { "  - $_" }
    $After | Where-Object { $_ -cnotin $Before } | ForEach-Object { "  + $_" }
}

if (-not $GracePeriod) { $GracePeriod = $Rounds -gt 0 ? '1s' : '3s' }
if (-not $DrainTimeout) { $DrainTimeout = $OnDrainTimeout -eq 'Terminate' ? '2s' : '3m' }

$folder = [IO.Directory]::CreateTempSubdirectory('nebula-demo-').FullName
$store = [IO.Path]::Combine($folder, 'store.db')
$app = $null
$exitCode = 1
try {
    'Starting a server and the application ...'
    $app = [AppProcess]::Start([IO.Path]::Combine($PSScriptRoot, 'Nebula.Rotation.Demo'), $Engine)
    $ready = $app.Receive()
    "$($ready['server']) on $($ready['host']):$($ready['port'])"

    Import-Module Nebula.Rotation
    $new = @{
        Name            = 'shop'
        DatabaseType    = $Engine -eq 'MariaDb' ? 'MySql' : $Engine
        HostName        = "$($ready['host'])"
        Port            = [int]"$($ready['port'])"
        Database        = "$($ready['database'])"
        Credential      = New-Login $ready['username'] $ready['password']
        AdminCredential = New-Login $ready['adminUsername'] $ready['adminPassword']
        MaxConnections  = 10
    }
    New-NebulaDbCredential @new -Store $store | Out-Host

    $null = $app.Ask(@{ command = 'start'; store = $store; credential = 'shop'; lateness = $LateSeconds })
    'The application is at work.'

    $drain = @{ GracePeriod = $GracePeriod; DrainTimeout = $DrainTimeout; OnDrainTimeout = $OnDrainTimeout; Confirm = $false; Store = $store }
    $failure = $null
    $changed = @()
    try {
        if ($Rounds -gt 0) {
            $before = Get-Facts $store
            for ($round = 1; $round -le $Rounds; $round++) {
                $null = $app.Ask(@{ command = 'rotating'; longTransaction = $LongTransaction })
                $began = [DateTime]::UtcNow
                $stages = @(Invoke-NebulaRotation -Name shop @drain)
                $seconds = ([DateTime]::UtcNow - $began).TotalSeconds
                $state = $app.Ask(@{ command = 'rotated' })
                $last = $stages[-1]
                "{0,3}  {1} -> {2}  {3} {4} after {5:0.0} s; queries: {6}, failed: {7}" -f
                    $round, $last.OldUsername, $last.NewUsername, $last.Stage, $last.Status, $seconds, "$($state['queries'])", "$($state['failed'])"
            }
        }
        else {
            $plan = Get-NebulaRotationPlan -Name shop -Store $store
            "Plan: $($plan.OldUsername) gives way to a login such as $($plan.NewUsername): " +
                "$($plan.Facts.Count) facts, $($plan.Statements.Count) statements, $($plan.Blockers.Count) blockers."
            foreach ($statement in @($plan.Statements)[0..4]) { "  [$($statement.Stage)] $($statement.Text)" }
            '  ... (Get-NebulaRotationPlan shows them all)'

            $null = $app.Ask(@{ command = 'rotating'; longTransaction = $LongTransaction })
            Invoke-NebulaRotation -Name shop @drain -RetainFor 1h | Out-Host
            $null = $app.Ask(@{ command = 'rotated' })
            [Threading.Thread]::Sleep(2000)

            $null = $app.Ask(@{ command = 'rotating' })
            Undo-NebulaRotation -Name shop -Confirm:$false -Store $store | Out-Host
            $null = $app.Ask(@{ command = 'rotated' })
            [Threading.Thread]::Sleep(2000)

            Get-NebulaRotation -Name shop -Store $store | Out-Host
        }
    }
    catch {
        # What the application has seen of it is told first.
        $failure = $_
    }

    $null = $app.Ask(@{ command = 'stop' })
    if ($Rounds -gt 0 -and -not $failure) {
        # The module's own view; the application asks the server's dump programs for another one.
        $changed = @(Compare-Facts $before (Get-Facts $store))
        "Facts of the login: $(@($before).Count) before, $($changed.Count) changed"
        $changed
    }

    $app.Tell(@{ command = 'report' })
    $app.ReadToEnd()
    $exitCode = $app.WaitForExit()
    if ($changed) { $exitCode = 1 }
    if ($failure) { throw $failure }
}
finally {
    if ($app) { $app.Dispose() }
    [IO.Directory]::Delete($folder, $true)
}

exit $exitCode
