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

    # The psm1 loads the assemblies. RequiredAssemblies would too, but before the psm1 can say what to do when another version is there.
    TypesToProcess       = @('Nebula.Rotation.Types.ps1xml')
    FormatsToProcess     = @('Nebula.Rotation.Format.ps1xml', 'Nebula.Rotation.Store.Format.ps1xml')

    # The store as a vault of SecretManagement, which looks for it here; none of its functions is exported.
    NestedModules        = @('./Nebula.Rotation.Extension')

    CmdletsToExport      = @(
        'Add-NebulaPublishTarget'
        'Compare-NebulaPermission'
        'Convert-NebulaOwnership'
        'Export-NebulaReport'
        'Export-NebulaStoreKey'
        'Find-NebulaOrphanLogin'
        'Get-NebulaAuditEvent'
        'Get-NebulaConnectionString'
        'Get-NebulaDbCredential'
        'Get-NebulaPublishTarget'
        'Get-NebulaRotation'
        'Get-NebulaRotationPlan'
        'Import-NebulaStoreKey'
        'Invoke-NebulaRotation'
        'Move-NebulaStore'
        'New-NebulaDbCredential'
        'Remove-NebulaDbCredential'
        'Remove-NebulaPublishTarget'
        'Resume-NebulaRotation'
        'Set-NebulaDbCredential'
        'Test-NebulaAuditTrail'
        'Test-NebulaCredential'
        'Undo-NebulaRotation'
        'Update-NebulaStoreKey'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()

    # The build writes every file here, and below what has changed and where things are.
    FileList             = @()

    PrivateData          = @{
        PSData = @{
            Tags         = @(
                'PSEdition_Core', 'Windows', 'Linux', 'MacOS'
                'credential', 'rotation', 'password', 'secret', 'SecretManagement', 'database', 'zero-downtime'
                'PostgreSQL', 'MySQL', 'MariaDB', 'MongoDB', 'Redis', 'Valkey'
            )
            ProjectUri   = ''
            LicenseUri   = ''
            IconUri      = ''
            ReleaseNotes = ''
        }
    }
}
