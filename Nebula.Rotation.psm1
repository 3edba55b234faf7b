# Core cmdlets and .NET only: this also runs on hosts without PowerShell's Utility and Management modules.
$cmdlets = [IO.Path]::Combine($PSScriptRoot, 'bin', 'Nebula.Rotation.dll')
# Loaded here, not when first needed, so that [Nebula.Rotation.…] literals work as soon as the module is imported.
$contract = [IO.Path]::Combine($PSScriptRoot, 'bin', 'Nebula.Rotation.Abstractions.dll')

foreach ($file in $contract, $cmdlets) {
    try {
        [void][Reflection.Assembly]::LoadFrom($file)
    }
    catch [IO.FileLoadException] {
        # .NET neither unloads an assembly nor loads a second one of its name: what is here already is another version, or another build.
        $wanted = [Reflection.AssemblyName]::GetAssemblyName($file)
        $present = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq $wanted.Name }
        if (-not $present) { throw }
        throw [Management.Automation.ErrorRecord]::new(
            [InvalidOperationException]::new(
                "$($wanted.Name) $(@($present)[0].GetName().Version) from '$(@($present)[0].Location)' is already loaded; " +
                "$($wanted.Version) cannot be loaded beside it. To use this one, restart PowerShell."),
            'Nebula.RestartRequired', 'ResourceUnavailable', $wanted.Name)
    }
}

Import-Module $cmdlets -ErrorAction Stop
