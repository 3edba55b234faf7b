# What a user does with the module, good and bad, on a real server. Secrets come by standard input; everything else may be printed.
param([string] $Module, [string] $HostName, [int] $Port, [string] $Database, [string] $UserName, [string] $AdminName, [string] $Folder)

$ErrorActionPreference = 'Continue'

function New-Login([string] $Name, [string] $Password) {
    $secure = [Security.SecureString]::new()
    foreach ($character in $Password.ToCharArray()) { $secure.AppendChar($character) }
    return [Management.Automation.PSCredential]::new($Name, $secure)
}

$login = New-Login $UserName ([Console]::In.ReadLine())
$admin = New-Login $AdminName ([Console]::In.ReadLine())
$wrong = New-Login $AdminName ([Console]::In.ReadLine())

Import-Module $Module
$store = [IO.Path]::Combine($Folder, 'store.db')
$new = @{ DatabaseType = 'PostgreSql'; HostName = $HostName; Port = $Port; Database = $Database; Store = $store; Verbose = $true }

'== bad input'
New-NebulaDbCredential -Name bad @new -Credential $wrong -AdminCredential $admin
New-NebulaDbCredential -Name bad @new -Credential $login -AdminCredential $wrong
New-NebulaDbCredential -Name bad @new -Credential (New-Login ('é' * 32) 'x')

'== a credential'
New-NebulaDbCredential -Name app @new -Credential $login -AdminCredential $admin
Test-NebulaCredential -Name app -Store $store -Verbose
$plan = Get-NebulaRotationPlan -Name app -Store $store -Verbose
$plan
$plan.Statements | ForEach-Object { $_.Text }
Invoke-NebulaRotation -Name app -Store $store -WhatIf -Verbose
Invoke-NebulaRotation -Name app -Store $store -AdminCredential $wrong -Force -Verbose

'== a rotation that its script refuses, and one that it does not'
Invoke-NebulaRotation -Name app -Store $store -Force -GracePeriod 0 -Verbose -Publish { param($publication)
    if (-not $publication.IsRollback) { throw "no, not $($publication.Login.Password.Reveal())" } }
Invoke-NebulaRotation -Name app -Store $store -Force -GracePeriod 0 -RetainFor 1h -Verbose
[IO.File]::WriteAllText([IO.Path]::Combine($Folder, 'made'), (Get-NebulaConnectionString -Name app -Store $store -Format Uri -AsPlainText))
Get-NebulaConnectionString -Name app -Store $store

'== back'
Undo-NebulaRotation -Name app -Store $store -Force -GracePeriod 0 -Verbose
Invoke-NebulaRotation -Name app -Store $store -Force -Emergency -Verbose
Undo-NebulaRotation -Name app -Store $store -Force -Verbose
Get-NebulaRotation -Name app -Store $store | ForEach-Object { $_; $_.Stages; [Management.Automation.PSSerializer]::Serialize($_, 6) }
Get-NebulaDbCredential -Store $store | ForEach-Object { $_; [Management.Automation.PSSerializer]::Serialize($_, 6) }

'== every error'
foreach ($record in $Error) {
    "$($record.FullyQualifiedErrorId) | $record | $($record.ErrorDetails.RecommendedAction) | $($record.Exception) | $($record.TargetObject)"
}
'== end'
