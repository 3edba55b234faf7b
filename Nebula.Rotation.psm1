# Core cmdlets only, and no method calls: every import pays for what runs here.

# Here and not nested by the manifest: what else is in the session is looked into where it was in the way, and nowhere else. -Force for whoever imports this one with it:
# the loader in the assembly is to have its say again.
try { Import-Module $PSScriptRoot/bin/Nebula.Rotation.dll -Force -ErrorAction Stop }
catch {
    Import-Module $PSScriptRoot/Nebula.Rotation.Loader.psm1
    Assert-SameBuild
    throw
}
