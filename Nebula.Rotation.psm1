# The cmdlets are in bin/Nebula.Rotation.dll, which the manifest nests in this module.

# The store as a vault of SecretManagement, which calls its vaults in a runspace where its own module is, and looks for their functions among the modules that
# this one sees. Not nested in the manifest: every import would pay for it, and few sessions have vaults.
if ('Microsoft.PowerShell.SecretManagement.SecretInformation' -as [type]) { Import-Module "$PSScriptRoot/Nebula.Rotation.Extension" }
