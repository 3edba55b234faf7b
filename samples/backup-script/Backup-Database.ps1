<#
.SYNOPSIS
Dumps a PostgreSQL database with the login that is live at that moment.
.DESCRIPTION
The login comes from SecretManagement, once: a dump that runs for hours keeps its session, which a rotation waits for.
    Register-SecretVault -ModuleName Nebula.Rotation -Name Databases
#>
#Requires -Version 7.4
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Name,
    [Parameter(Mandatory)] [string] $HostName,
    [Parameter(Mandatory)] [string] $Database,
    [Parameter(Mandatory)] [string] $Path,
    [int] $Port = 5432,
    [string] $Vault = 'Databases',
    [string] $Program = 'pg_dump'
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$login = Get-Secret -Name $Name -Vault $Vault
# By the environment, which other users do not see; an argument list they do.
$env:PGPASSWORD = $login.GetNetworkCredential().Password
try {
    & $Program --no-password --host $HostName --port $Port --username $login.UserName --format custom --file $Path $Database
    if ($LASTEXITCODE -ne 0) { throw "$Program ended with exit code $LASTEXITCODE." }
}
finally {
    $env:PGPASSWORD = $null
}

[pscustomobject]@{ Database = $Database; Username = $login.UserName; Path = $Path; Length = [IO.FileInfo]::new($Path).Length }
