# Core cmdlets and .NET only. Every import pays for what runs here; a function costs nothing before it is called.

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

# Here and not nested by the manifest: what else is in the session is looked into where it was in the way, and nowhere else.
try { Import-Module $PSScriptRoot/bin/Nebula.Rotation.dll -ErrorAction Stop }
catch {
    Assert-SameBuild
    throw
}

# The store as a vault of SecretManagement, which calls its vaults in a runspace where its own module is, and looks for their functions among the modules that
# this one sees. Not nested in the manifest: every import would pay for it, and few sessions have vaults. Asked of .NET's own, since a name of ours is looked for
# in every assembly.
if ([AppDomain]::CurrentDomain.GetData('Nebula.Rotation.IsVaultWanted')) { Import-Module $PSScriptRoot/Nebula.Rotation.Extension }
