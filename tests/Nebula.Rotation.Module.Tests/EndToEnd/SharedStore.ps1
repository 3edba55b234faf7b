# A shared store as its users have it. The password of its login comes on standard input; rows have the shape that Import-Csv gives.
param([string] $Module, [string] $Address, [string] $Folder)
$env:HOME = $Folder
$env:XDG_DATA_HOME = $Folder
$env:PGPASSWORD = [Console]::In.ReadLine()
Import-Module $Module
$first = "$Folder/first.db"
$last = "$Folder/last.db"

function Get-Row([int] $Port) {
    foreach ($number in 0..59) {
        $name = 'app{0:00}' -f $number
        [Environment]::SetEnvironmentVariable("PASSWORD_$name", "secret-of-$name")
        [pscustomobject] @{
            Name = $name; DatabaseType = 'PostgreSql'; HostName = 'db.example'; Port = "$Port"; Database = $name
            Username = "${name}_a"; CredentialVariable = "PASSWORD_$name"; RotationInterval = '30d'; Tag = 'prod'; Owner = 'nobody'
        }
    }
}

function Get-Failure([scriptblock] $Script) {
    try { & $Script | ForEach-Object { "no failure: $_" } } catch { ($_.FullyQualifiedErrorId -split ',')[0] }
}

$stored = @(Get-Row 5432 | New-NebulaDbCredential -Store $first -SkipCheck)
"stored $($stored.Count)"
$again = @(Get-Row 6000 | New-NebulaDbCredential -Store $first -SkipCheck -SkipExisting)
"again $($again.Count) version $($again[7].Version) port $($again[7].Port)"
$updated = @(Get-Row 6000 | New-NebulaDbCredential -Store $first -SkipCheck -Update)
"updated $($updated.Count) port $($updated[7].Port)"
'refused argument: ' + (Get-Failure { Get-NebulaDbCredential -Store ($Address -replace 'runner@', 'runner:shown@') -ErrorAction Stop })
'refused unset: ' + (Get-Failure { New-NebulaDbCredential none -DatabaseType Redis -HostName h -Username u -CredentialVariable NOBODY_SETS_THIS -Store $first -SkipCheck -ErrorAction Stop })

$move = Move-NebulaStore -Store $first -Destination $Address -Force
"moved $($move.Credentials) to shared"
'old store: ' + (Get-Failure { Get-NebulaDbCredential -Store $first -ErrorAction Stop })
$env:NEBULA_STORE = $Address
'shared has ' + ((Get-NebulaConnectionString app07 -AsPlainText) -replace '.*:(secret-of-\w+)@.*', '$1')
$move = Move-NebulaStore -Destination $last -Force
"moved $($move.Credentials) to file"
'file has ' + ((Get-NebulaConnectionString app59 -Store $last -AsPlainText) -replace '.*:(secret-of-\w+)@.*', '$1')
"trail $((Test-NebulaAuditTrail -Store $last).IsIntact)"
'== end'
