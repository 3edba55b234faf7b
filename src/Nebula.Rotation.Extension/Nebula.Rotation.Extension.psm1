# The store as a vault of Microsoft.PowerShell.SecretManagement: a secret is the live login of the credential of that name, at every call. Read-only.
#
#   Register-SecretVault -ModuleName Nebula.Rotation -Name Databases -VaultParameters @{ Store = '/srv/rotation/store.db' }
#   Get-Secret orders -Vault Databases        a PSCredential
#
# SecretManagement calls these functions in a runspace of its own, in the scope of Nebula.Rotation: nothing of the caller's session is there, neither its
# variables nor its location. Nothing is kept between calls, so that no login is given that was live once.
# Core cmdlets and .NET only, as in the module itself. Types are named in functions only: SecretManagement also imports this module alone, to look at it.

Set-StrictMode -Version 3

# What a registration may say, and what SecretManagement adds.
$vaultParameters = 'Store', 'Scope', 'Format'
$commonParameters = 'Verbose', 'Debug'

function Get-Secret {
    [CmdletBinding()]
    param([string] $Name, [string] $VaultName, [hashtable] $AdditionalParameters)

    $vault = Read-VaultParameter $VaultName $AdditionalParameters
    try {
        if ($vault.Format -eq 'Credential') {
            $login = Use-Store $vault { param($service, $none) $service.GetLoginAsync($Name, $vault.Scope, $none) }
            return [Management.Automation.PSCredential]::new($login.Username, (ConvertTo-Secure $login.Password))
        }

        return ConvertTo-Secure (Use-Store $vault { param($service, $none) $service.GetConnectionStringAsync($Name, $vault.Scope, $vault.Format, $none) })
    }
    catch [Nebula.Rotation.RotationException] {
        # No secret of that name in this vault: SecretManagement asks the next one, and says so when there is none.
        if ($_.Exception.Code -eq 'CredentialNotFound') { return }
        throw
    }
}

function Get-SecretInfo {
    [CmdletBinding()]
    param([string] $Filter, [string] $VaultName, [hashtable] $AdditionalParameters)

    $vault = Read-VaultParameter $VaultName $AdditionalParameters
    $pattern = [Management.Automation.WildcardPattern]::new(($Filter ? $Filter : '*'), 'IgnoreCase')
    $type = $vault.Format -eq 'Credential' ? 'PSCredential' : 'SecureString'
    foreach ($credential in Find-Credential $vault) {
        if (-not $pattern.IsMatch($credential.Name)) { continue }
        # Texts, numbers and times are all that metadata may be.
        $metadata = @{
            Username     = $credential.Username
            Version      = $credential.Version
            DatabaseType = "$($credential.DatabaseType)"
            Endpoints    = $credential.Endpoints
            Database     = $credential.Database
            LastRotated  = $credential.LastRotatedAt.UtcDateTime
        }
        if ($credential.NextRotationAt) { $metadata.NextRotation = $credential.NextRotationAt.UtcDateTime }
        [Microsoft.PowerShell.SecretManagement.SecretInformation]::new($credential.Name, $type, $VaultName, $metadata)
    }
}

function Set-Secret {
    [CmdletBinding()]
    param([string] $Name, [object] $Secret, [string] $VaultName, [hashtable] $AdditionalParameters, [hashtable] $Metadata)

    throw (New-ReadOnlyError $Name $VaultName "Invoke-NebulaRotation gives '$Name' a new login; New-NebulaDbCredential and Set-NebulaDbCredential store one that the database has already.")
}

function Remove-Secret {
    [CmdletBinding()]
    param([string] $Name, [string] $VaultName, [hashtable] $AdditionalParameters)

    throw (New-ReadOnlyError $Name $VaultName "Remove-NebulaDbCredential takes '$Name' out of the store.")
}

function Test-SecretVault {
    [CmdletBinding()]
    param([string] $VaultName, [hashtable] $AdditionalParameters)

    try {
        $null = Find-Credential (Read-VaultParameter $VaultName $AdditionalParameters)
        return $true
    }
    catch {
        $PSCmdlet.WriteError($_)
        return $false
    }
}

# What the registration says, checked: a misspelt name must not quietly mean another store or another scope.
function Read-VaultParameter([string] $VaultName, [hashtable] $Given) {
    $vault = @{ Store = $null; Scope = [Nebula.Rotation.DatabaseCredential]::DefaultScope; Format = 'Credential' }
    foreach ($key in @(if ($Given) { $Given.Keys })) {
        if ($key -in $commonParameters) { continue }
        if ($key -notin $vaultParameters) {
            throw (New-Error "The vault '$VaultName' has no parameter '$key'." "Register it again with one of: $($vaultParameters -join ', ').")
        }

        if ($Given[$key]) { $vault[$key] = "$($Given[$key])" }
    }

    # A relative path would be one thing where it was registered and another where it is used.
    if ($vault.Store -and -not $vault.Store.Contains('://') -and -not [IO.Path]::IsPathFullyQualified($vault.Store)) {
        throw (New-Error "The store of the vault '$VaultName' is '$($vault.Store)', which is no full path." 'Register the vault again with a full path, or without one for the default store.')
    }

    $formats = @('Credential') + [Enum]::GetNames([Nebula.Rotation.ConnectionStringFormat])
    if ($vault.Format -notin $formats) {
        throw (New-Error "The vault '$VaultName' has the format '$($vault.Format)'." "Register it again with one of: $($formats -join ', ').")
    }

    return $vault
}

function Find-Credential([hashtable] $Vault) {
    # Cast, not made member by member: what is set here can be set only once.
    $filter = [Nebula.Rotation.CredentialFilter] @{ Scope = $Vault.Scope }
    Use-Store $Vault { param($service, $none) $service.FindAsync($filter, $none) }
}

# Opens the engine over the store, asks it one thing, and closes it.
function Use-Store([hashtable] $Vault, [scriptblock] $Question) {
    $none = [Threading.CancellationToken]::None
    $service = $null
    try {
        # A null in a cast becomes an empty text, which is no store.
        $where = $Vault.Store ? @{ Store = $Vault.Store } : @{}
        $options = [Nebula.Rotation.RotationServiceOptions] $where
        $service = [Nebula.Rotation.RotationServices]::OpenAsync($options, $none).GetAwaiter().GetResult()
        return (& $Question $service $none).GetAwaiter().GetResult()
    }
    catch [Management.Automation.MethodInvocationException] {
        $reason = $_.Exception.InnerException
        if ($reason -isnot [Nebula.Rotation.RotationException]) { throw }
        throw (New-Record $reason)
    }
    finally {
        if ($service) { [void] $service.DisposeAsync().AsTask().GetAwaiter().GetResult() }
    }
}

function ConvertTo-Secure($Secret) {
    $secure = [Security.SecureString]::new()
    foreach ($character in $Secret.Reveal().ToCharArray()) { $secure.AppendChar($character) }
    $secure.MakeReadOnly()
    return $secure
}

function New-ReadOnlyError([string] $Name, [string] $VaultName, [string] $Action) {
    New-Error "The vault '$VaultName' is read-only: '$Name' is what the database takes, and writing another login here would not change the database. Nothing was changed." $Action
}

function New-Error([string] $Message, [string] $Action) {
    New-Record ([Nebula.Rotation.RotationException]::new('InvalidArgument', $Message, $Action))
}

function New-Record($Exception) {
    $record = [Management.Automation.ErrorRecord]::new($Exception, "Nebula.$($Exception.Code)", 'InvalidOperation', $null)
    # The action belongs to the text: SecretManagement shows no more than that.
    $record.ErrorDetails = [Management.Automation.ErrorDetails]::new(@($Exception.Message, $Exception.RecommendedAction).Where({ $_ }) -join ' ')
    return $record
}
