@{
    RootModule           = 'Nebula.Rotation.Extension.psm1'
    # The build writes the version of Directory.Build.props here.
    ModuleVersion        = '0.0.0'
    GUID                 = '0d4de11c-9a6a-4b4e-8e59-5b0f6a5f2b0e'
    Author               = 'The Nebula.Rotation authors'
    CompanyName          = 'The Nebula.Rotation authors'
    Copyright            = '(c) The Nebula.Rotation authors. MIT license.'
    Description          = 'The store of Nebula.Rotation as a vault of Microsoft.PowerShell.SecretManagement. Read-only; it is used through the module that it is nested in.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FunctionsToExport    = @('Get-Secret', 'Get-SecretInfo', 'Set-Secret', 'Remove-Secret', 'Test-SecretVault')
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}
