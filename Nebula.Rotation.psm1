# Core cmdlets and .NET only: this also runs on hosts without PowerShell's Utility and Management modules.
# One command where nothing is amiss; the loader in the assembly brings the contract along.
try {
    Import-Module "$PSScriptRoot/bin/Nebula.Rotation.dll" -ErrorAction Stop
}
catch {
    # .NET neither unloads an assembly nor loads a second one of its name: what is here already may be another version, or another build.
    foreach ($name in 'Nebula.Rotation.Abstractions', 'Nebula.Rotation') {
        $file = [IO.Path]::Combine($PSScriptRoot, 'bin', "$name.dll")
        $present = @([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq $name -and $_.Location -ne $file })
        if (-not $present) { continue }
        $wanted = [Reflection.AssemblyName]::GetAssemblyName($file).Version
        throw [Management.Automation.ErrorRecord]::new(
            [InvalidOperationException]::new(
                "$name $($present[0].GetName().Version) from '$($present[0].Location)' is already loaded; " +
                "$wanted cannot be loaded beside it. To use this one, restart PowerShell."),
            'Nebula.RestartRequired', 'ResourceUnavailable', $name)
    }

    throw
}
