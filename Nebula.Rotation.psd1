@{
    RootModule           = 'Nebula.Rotation.psm1'
    # The build writes the version of Directory.Build.props here.
    ModuleVersion        = '0.0.0'
    GUID                 = '7d111f85-b7a0-4978-81df-08bc97ec3d65'
    Author               = 'The Nebula.Rotation authors'
    CompanyName          = 'The Nebula.Rotation authors'
    Copyright            = '(c) The Nebula.Rotation authors. MIT license.'
    Description          = 'Rotates database logins without failing one query: a second login is made, proved equal to the first, published, and only then is the first one drained and retired.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')

    # What objects have beside their properties. What they look like comes with the first command (Nebula.Rotation.Views).
    TypesToProcess       = @('Nebula.Rotation.Types.ps1xml')

    # Every import pays for what stands here. A list has commas and no @( ), in which each line would be a statement that PowerShell compiles.
    CmdletsToExport      = 'Add-NebulaPublishTarget',
                           'Compare-NebulaPermission',
                           'Convert-NebulaOwnership',
                           'Export-NebulaReport',
                           'Export-NebulaStoreKey',
                           'Find-NebulaOrphanLogin',
                           'Get-NebulaAuditEvent',
                           'Get-NebulaConnectionString',
                           'Get-NebulaDbCredential',
                           'Get-NebulaPublishTarget',
                           'Get-NebulaRotation',
                           'Get-NebulaRotationPlan',
                           'Import-NebulaStoreKey',
                           'Invoke-NebulaRotation',
                           'Move-NebulaStore',
                           'New-NebulaDbCredential',
                           'Remove-NebulaDbCredential',
                           'Remove-NebulaPublishTarget',
                           'Resume-NebulaRotation',
                           'Set-NebulaDbCredential',
                           'Test-NebulaAuditTrail',
                           'Test-NebulaCredential',
                           'Undo-NebulaRotation',
                           'Update-NebulaStoreKey'
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()

    # No FileList: it is for people alone, and each of its lines costs every import half a millisecond. The files, with their hashes, are in bom.cdx.json.

    # The build writes below what has changed and where things are.
    PrivateData          = @{
        PSData = @{
            Tags         = 'PSEdition_Core', 'Windows', 'Linux', 'MacOS',
                           'credential', 'rotation', 'password', 'secret', 'SecretManagement', 'database', 'zero-downtime',
                           'PostgreSQL', 'MySQL', 'MariaDB', 'MongoDB', 'Redis', 'Valkey'
            ProjectUri   = ''
            LicenseUri   = ''
            IconUri      = ''
            ReleaseNotes = ''
        }
    }
}
