# What a user does with the module, good and bad, on a real server. Secrets come by standard input; everything else may be printed.
param([string] $Module, [string] $HostName, [int] $Port, [string] $Database, [string] $UserName, [string] $AdminName, [string] $Folder)

$ErrorActionPreference = 'Continue'

function New-Login([string] $Name, [string] $Text) {
    return [Management.Automation.PSCredential]::new($Name, [Net.NetworkCredential]::new($Name, $Text).SecurePassword)
}

$login = New-Login $UserName ([Console]::In.ReadLine())
$admin = New-Login $AdminName ([Console]::In.ReadLine())
$wrong = New-Login $AdminName ([Console]::In.ReadLine())
$wrongLogin = [Management.Automation.PSCredential]::new($UserName, $wrong.Password)

Import-Module $Module
$store = [IO.Path]::Combine($Folder, 'store.db')
$new = @{ DatabaseType = 'PostgreSql'; HostName = $HostName; Port = $Port; Database = $Database; Store = $store; Verbose = $true }

'== bad input'
New-NebulaDbCredential -Name bad @new -Credential $wrongLogin -AdminCredential $admin
New-NebulaDbCredential -Name bad @new -Credential $login -AdminCredential $wrong
New-NebulaDbCredential -Name bad @new -Credential (New-Login ("`u{e9}" * 32) 'x')

'== a credential'
New-NebulaDbCredential -Name app @new -Credential $login -AdminCredential $admin
Test-NebulaCredential -Name app -Store $store -Verbose

'== targets'
$targets = [IO.Directory]::CreateDirectory([IO.Path]::Combine($Folder, 'targets')).FullName
$program = [IO.Path]::Combine($targets, 'tell')
[IO.File]::WriteAllText($program, "#!/bin/sh`nexec cat > '$targets/told'`n")
[IO.File]::SetUnixFileMode($program, 'UserRead, UserWrite, UserExecute')
[IO.File]::WriteAllText("$targets/publish.ps1", 'param([string] $Action, $Publication) [IO.File]::AppendAllText("$PSScriptRoot/scripted", "$Action $($Publication.Login.Username) $($Publication.Login.Password.Reveal())`n")')
[IO.File]::WriteAllText("$targets/refused.env", "PASSWORD='not ours'`n")
Add-NebulaPublishTarget -Name app -Kind EnvFile -Path "$targets/app.env" -Entry @{ DB_USER = 'Username'; DB_PASS = 'Password'; DATABASE_URL = 'Uri' } -Store $store -Verbose
Add-NebulaPublishTarget -Name app -Kind JsonFile -Path "$targets/app.json" -Entry ConnectionStrings:Default -Format AdoNet -Store $store -Verbose
Add-NebulaPublishTarget -Name app -Kind PgPass -Path "$targets/pgpass" -Store $store -Verbose
Add-NebulaPublishTarget -Name app -Kind Command -Path $program -Argument a -Store $store -Verbose
Add-NebulaPublishTarget -Name app -Kind ScriptFile -Path "$targets/publish.ps1" -Store $store -Verbose
Add-NebulaPublishTarget -Name app -Kind EnvFile -Path "$targets/refused.env" -Store $store -Verbose
Get-NebulaPublishTarget -Store $store | ForEach-Object { $_; [Management.Automation.PSSerializer]::Serialize($_, 6) }
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
[IO.File]::WriteAllText("$targets/app.json", [IO.File]::ReadAllText("$targets/app.json").Replace('{', '{ "broken'))
Test-NebulaCredential -Name app -Store $store
Undo-NebulaRotation -Name app -Store $store -Force -GracePeriod 0 -Verbose
[IO.File]::WriteAllText("$targets/app.json", '{}')
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
