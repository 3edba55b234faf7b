# How objects look. The first command of Nebula.Rotation imports this module into that one (Loading/Views.cs): a view makes PowerShell
# read all its own again, which an import would be the slower for.
@{
    # The build writes the version of Directory.Build.props here.
    ModuleVersion        = '0.0.0'
    GUID                 = '5b0c8f2e-6a0f-4c38-9d43-0f4a4f0e6c57'
    Author               = 'The Nebula.Rotation authors'
    CompanyName          = 'The Nebula.Rotation authors'
    Copyright            = '(c) The Nebula.Rotation authors. MIT license.'
    Description          = 'The views of Nebula.Rotation. Its first command imports them.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = 'Core'
    FormatsToProcess     = 'Nebula.Rotation.Format.ps1xml', 'Nebula.Rotation.Store.Format.ps1xml'
    CmdletsToExport      = @()
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}
