#Requires -Version 7.4
# The module as a user of pwsh meets it: manifest, help, completion, -WhatIf, pipeline, error ids. What needs a database server is tested elsewhere.

BeforeDiscovery {
    $manifestPath = [IO.Path]::Combine($PSScriptRoot, '..', '..', 'out', 'Nebula.Rotation', 'Nebula.Rotation.psd1')
    $commands = (Import-PowerShellDataFile $manifestPath).CmdletsToExport | ForEach-Object { @{ Name = $_ } }
    $hasSecretManagement = [bool](Get-Module Microsoft.PowerShell.SecretManagement -ListAvailable)
    $hasPSResourceGet = [bool](Get-Module Microsoft.PowerShell.PSResourceGet -ListAvailable)
}

BeforeAll {
    $script:root = [IO.Path]::GetFullPath([IO.Path]::Combine($PSScriptRoot, '..', '..'))
    $script:manifestPath = [IO.Path]::Combine($root, 'out', 'Nebula.Rotation', 'Nebula.Rotation.psd1')
    Import-Module $manifestPath -Force
    $script:login = [pscredential]::new('orders_old', [Net.NetworkCredential]::new('', 'old-Password.1').SecurePassword)

    function New-TestCredential([string] $Name, [hashtable] $With = @{}) {
        New-NebulaDbCredential $Name -DatabaseType PostgreSql -HostName 127.0.0.1 -Port 1 -Database app -Credential $login -SkipCheck -Store $store @With
    }
}

Describe 'Manifest' {
    BeforeAll { $script:manifest = Test-ModuleManifest $manifestPath }

    It 'is valid and says where things are' {
        $manifest.Name | Should -Be 'Nebula.Rotation'
        $manifest.Version | Should -BeGreaterThan ([version]'0.0.0')
        $manifest.ProjectUri | Should -Not -BeNullOrEmpty
        $manifest.LicenseUri | Should -Not -BeNullOrEmpty
        $manifest.IconUri | Should -Not -BeNullOrEmpty
        $manifest.ReleaseNotes | Should -Not -BeNullOrEmpty
    }

    It 'exports cmdlets by name and nothing else' {
        $manifest.ExportedCmdlets.Count | Should -BeGreaterThan 20
        $manifest.ExportedCmdlets.Keys | Should -Not -Contain '*'
        $manifest.ExportedFunctions.Count | Should -Be 0
        $manifest.ExportedAliases.Count | Should -Be 0
        (Get-Command -Module Nebula.Rotation).Name | Sort-Object | Should -Be ($manifest.ExportedCmdlets.Keys | Sort-Object)
    }

    It 'lists every file that it ships' {
        $folder = [IO.Path]::GetDirectoryName($manifestPath)
        $there = Get-ChildItem $folder -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($folder, $_.FullName).Replace('\', '/') } | Sort-Object
        $bill = Get-Content (Join-Path $folder 'bom.cdx.json') -Raw | ConvertFrom-Json
        @($bill.metadata.component.components.name) + 'bom.cdx.json' | Sort-Object | Should -Be $there
    }
}

Describe 'Help' {
    It '<Name> has a synopsis, a description, an example and each of its parameters' -ForEach $commands {
        $help = Get-Help $Name -Full
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis.Trim() | Should -Not -BeLike "$Name *"
        ($help.Description | Out-String).Trim() | Should -Not -BeNullOrEmpty
        @($help.Examples.Example).Count | Should -BeGreaterThan 0
        $common = [Management.Automation.PSCmdlet]::CommonParameters + [Management.Automation.PSCmdlet]::OptionalCommonParameters
        $own = (Get-Command $Name).Parameters.Keys | Where-Object { $_ -notin $common }
        $described = @($help.parameters.parameter | Where-Object { ($_.description | Out-String).Trim() } | ForEach-Object name)
        $own | Where-Object { $_ -notin $described } | Should -BeNullOrEmpty
    }
}

Describe 'Commands' {
    BeforeEach {
        $script:store = [IO.Path]::Combine($TestDrive, [guid]::NewGuid().ToString('N'), 'store.db')
        [void][IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($store))
    }

    It 'takes a credential through the pipeline and gives it back' {
        New-TestCredential orders | Should -BeOfType Nebula.Rotation.DatabaseCredential
        New-TestCredential billing @{ Tag = 'finance' } | Out-Null
        (Get-NebulaDbCredential -Store $store).Name | Should -Be 'billing', 'orders'
        (Get-NebulaDbCredential -Store $store -Tag finance).Name | Should -Be 'billing'
        'ord*' | Get-NebulaDbCredential -Store $store | ForEach-Object Name | Should -Be 'orders'
    }

    It 'shows no password, not in the objects and not in JSON' {
        New-TestCredential orders | Out-Null
        $shown = (Get-NebulaDbCredential -Store $store | Format-List * | Out-String) + (Get-NebulaDbCredential -Store $store | ConvertTo-Json -Depth 5)
        $shown | Should -Not -BeLike '*old-Password.1*'
    }

    It 'gives a connection string as a secure string' {
        New-TestCredential orders | Out-Null
        Get-NebulaConnectionString orders -Store $store | Should -BeOfType securestring
        Get-NebulaConnectionString orders -Store $store -AsPlainText | Should -BeLike '*old-Password.1*'
    }

    It 'changes nothing with -WhatIf' {
        New-TestCredential orders | Out-Null
        Remove-NebulaDbCredential orders -Store $store -WhatIf
        Set-NebulaDbCredential orders -Hold 'closing' -Store $store -WhatIf
        $there = Get-NebulaDbCredential orders -Store $store
        $there.HoldReason | Should -BeNullOrEmpty
    }

    It 'names its errors, their category and their target' {
        New-TestCredential orders | Out-Null
        $failure = $null
        Get-NebulaDbCredential ordres -Store $store -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failure[0].FullyQualifiedErrorId | Should -BeLike 'Nebula.CredentialNotFound,*'
        $failure[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $failure[0].TargetObject | Should -Be 'ordres'
        $failure[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'refuses a name that is taken' {
        New-TestCredential orders | Out-Null
        { New-TestCredential orders @{ ErrorAction = 'Stop' } } | Should -Throw -ErrorId 'Nebula.CredentialExists*'
    }

    It 'completes names of credentials' {
        New-TestCredential orders | Out-Null
        New-TestCredential billing | Out-Null
        $env:NEBULA_STORE = $store
        try {
            $line = 'Get-NebulaDbCredential -Name '
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'billing', 'orders'
        }
        finally {
            $env:NEBULA_STORE = $null
        }
    }

    It 'is a vault of SecretManagement, and takes a login from one' -Skip:(-not $hasSecretManagement) {
        New-TestCredential orders | Out-Null
        $vault = "nebula-$([guid]::NewGuid().ToString('N'))"
        Register-SecretVault $vault -ModuleName $manifestPath -VaultParameters @{ Store = $store }
        try {
            Test-SecretVault $vault | Should -BeTrue
            (Get-SecretInfo -Vault $vault).Name | Should -Be 'orders'
            $secret = Get-Secret orders -Vault $vault
            $secret.UserName | Should -Be 'orders_old'
            $secret.GetNetworkCredential().Password | Should -BeExactly 'old-Password.1'
            { Set-Secret orders -Secret $login -Vault $vault -ErrorAction Stop } | Should -Throw -ErrorId 'SetSecretInvalidOperation*'
            $with = @{ DatabaseType = 'PostgreSql'; HostName = '127.0.0.1'; Port = 1; Database = 'app'; SkipCheck = $true; Store = $store }
            (New-NebulaDbCredential copy @with -Credential "vault:$vault/orders").Username | Should -Be 'orders_old'
            { New-NebulaDbCredential none @with -Credential "vault:$vault/nobody" -ErrorAction Stop } | Should -Throw '*failed: The secret nobody was not found.*'
        }
        finally {
            Unregister-SecretVault $vault
        }
    }

    It 'writes a report that needs nothing else' {
        New-TestCredential orders | Out-Null
        $path = [IO.Path]::Combine($TestDrive, 'report.html')
        Get-NebulaDbCredential -Store $store | Export-NebulaReport $path -Store $store -PassThru | Should -BeOfType IO.FileInfo
        Get-Content $path -Raw | Should -BeLike '<!DOCTYPE html>*orders*'
        { Export-NebulaReport $path -NoClobber -Store $store -ErrorAction Stop } | Should -Throw -ErrorId 'Nebula.InvalidArgument*'
    }
}

Describe 'Package' {
    It 'publishes to a folder and installs from there' -Skip:(-not $hasPSResourceGet) {
        # -Filter is the file system's, which knows no [0-9].
        $package = @(Get-ChildItem ([IO.Path]::Combine($root, 'out', 'package')) -ErrorAction Ignore | Where-Object Name -Match '^Nebula\.Rotation\.\d.*\.nupkg$')
        if (-not $package) { Set-ItResult -Skipped -Because 'nothing is packed (build.ps1 -Task Pack)'; return }
        $repository = [IO.Path]::Combine($TestDrive, 'repository')
        $installed = [IO.Path]::Combine($TestDrive, 'modules')
        [void][IO.Directory]::CreateDirectory($repository)
        [void][IO.Directory]::CreateDirectory($installed)
        $name = "nebula-$([guid]::NewGuid().ToString('N'))"
        Register-PSResourceRepository $name -Uri $repository -Trusted
        try {
            Publish-PSResource -NupkgPath $package[0].FullName -Repository $name
            Save-PSResource Nebula.Rotation -Repository $name -Path $installed
            $manifest = Get-ChildItem $installed -Recurse -Filter Nebula.Rotation.psd1
            (Test-ModuleManifest $manifest.FullName).ExportedCmdlets.Count | Should -BeGreaterThan 20
            pwsh -NoProfile -Command "Import-Module '$($manifest.FullName)'; (Get-Command -Module Nebula.Rotation).Count" | Should -BeGreaterThan 20
        }
        finally {
            Unregister-PSResourceRepository $name
        }
    }
}
