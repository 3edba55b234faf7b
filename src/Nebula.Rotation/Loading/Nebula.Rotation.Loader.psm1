# What an import that failed tells. A module of its own: every import would pay for it.

# .NET neither unloads an assembly nor loads a second one of its name, and what is in the session may be another version.
function Assert-SameBuild {
    foreach ($name in 'Nebula.Rotation.Abstractions', 'Nebula.Rotation') {
        $file = [IO.Path]::Combine($PSScriptRoot, 'bin', "$name.dll")
        try {
            # The same build from elsewhere is as good.
            $null = [Reflection.Assembly]::LoadFrom($file)
        }
        catch {
            $present = @([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq $name -and $_.Location -ne $file })
            if (-not $present) { throw }
            $wanted = [Reflection.AssemblyName]::GetAssemblyName($file).Version
            throw [Management.Automation.ErrorRecord]::new(
                [InvalidOperationException]::new(
                    "$name $($present[0].GetName().Version) from '$($present[0].Location)' is already loaded; " +
                    "$wanted cannot be loaded beside it. To use this one, restart PowerShell."),
                'Nebula.RestartRequired', 'ResourceUnavailable', $name)
        }
    }
}

Export-ModuleMember -Function Assert-SameBuild
