# Runs the tests and counts them. Dot-sourced by build.ps1.

class TestTally {
    [int] $Passed
    [int] $Failed
    [int] $Skipped
    [Collections.Generic.List[string]] $FailedNames = [Collections.Generic.List[string]]::new()
    [Collections.Generic.List[string]] $SkippedNames = [Collections.Generic.List[string]]::new()
    # What MongoDB's tests ran on: a stand-in proves less than a server, and a reader of the result must know.
    [Collections.Generic.SortedSet[string]] $MongoServers = [Collections.Generic.SortedSet[string]]::new()

    [void] AddFailed([string] $name) {
        $this.Failed++
        $this.FailedNames.Add($name)
    }

    [void] AddSkipped([string] $name, [string] $reason) {
        $this.Skipped++
        $this.SkippedNames.Add("${name}: $reason")
    }
}

# The exit code for the whole run.
function Invoke-AllTests {
    $tally = [TestTally]::new()
    $results = [IO.Path]::Combine($out, 'results')
    if ([IO.Directory]::Exists($results)) { [IO.Directory]::Delete($results, $true) }
    [void][IO.Directory]::CreateDirectory($results)

    $tests = [IO.Path]::Combine($root, 'tests')
    # The quick ones first; the order within a run is the same on every machine.
    foreach ($project in 'Nebula.Rotation.Engine.Tests', 'Nebula.Rotation.Pooling.Tests', 'Nebula.Rotation.Module.Tests', 'Nebula.Rotation.Integration.Tests') {
        $file = [IO.Path]::Combine($tests, $project, "$project.csproj")
        if (-not [IO.File]::Exists($file)) {
            $tally.AddFailed("$project (the project is missing)")
            continue
        }

        foreach ($framework in Get-TargetFrameworks $file) {
            Invoke-TestProgram $tally $file $framework ([IO.Path]::Combine($results, "$project.$framework.xml"))
        }
    }

    Invoke-LoadSmoke $tally
    Invoke-PesterTests $tally
    return Write-Tally $tally
}

function Get-TargetFrameworks([string] $Project) {
    $xml = [xml][IO.File]::ReadAllText($Project)
    $xml.SelectSingleNode('//TargetFrameworks | //TargetFramework').InnerText.Split(';')
}

function Get-Program([string] $Project, [string] $Framework) {
    $name = [IO.Path]::GetFileNameWithoutExtension($Project)
    $suffix = $IsWindows ? '.exe' : ''
    return [IO.Path]::Combine([IO.Path]::GetDirectoryName($Project), 'bin', $Configuration, $Framework, "$name$suffix")
}

# xunit v3: the test project is a program with a runner in it.
function Invoke-TestProgram([TestTally] $Tally, [string] $Project, [string] $Framework, [string] $ResultFile) {
    $name = "$([IO.Path]::GetFileNameWithoutExtension($Project)) ($Framework)"
    Write-Step "Test $name"
    & (Get-Program $Project $Framework) -noLogo -noColor -xml $ResultFile | Out-Host
    $code = $LASTEXITCODE
    $failedBefore = $Tally.Failed
    if ([IO.File]::Exists($ResultFile)) { Add-Results $Tally $ResultFile $Framework }
    # A runner that crashed has told nothing, or not all, in its file.
    if ($code -ne 0 -and $Tally.Failed -eq $failedBefore) {
        $Tally.AddFailed("$name ended with exit code $code")
    }
}

function Add-Results([TestTally] $Tally, [string] $ResultFile, [string] $Framework) {
    $xml = [xml][IO.File]::ReadAllText($ResultFile)
    foreach ($test in $xml.SelectNodes('//test')) {
        $name = "$($test.GetAttribute('name')) ($Framework)"
        switch ($test.GetAttribute('result')) {
            'Pass' { $Tally.Passed++ }
            'Fail' { $Tally.AddFailed($name) }
            # An explicit entry: the child process of another test, not a test of its own.
            'NotRun' { }
            default { $Tally.AddSkipped($name, "$($test.SelectSingleNode('reason')?.InnerText)") }
        }
    }

    foreach ($output in $xml.SelectNodes('//test/output')) {
        foreach ($match in [regex]::Matches($output.InnerText, '(?m)^MongoDB server: (.+?)\r?$')) {
            [void]$Tally.MongoServers.Add($match.Groups[1].Value)
        }
    }

    # A fixture that failed to start or to clean up belongs to no test.
    foreach ($problem in $xml.SelectNodes('//errors/error')) {
        $Tally.AddFailed("$($problem.GetAttribute('type')) $($problem.GetAttribute('name')) ($Framework)")
    }
}

# The staged module's assemblies on .NET 8, the runtime of PowerShell 7.4.
function Invoke-LoadSmoke([TestTally] $Tally) {
    Write-Step 'Test loading on .NET 8'
    $project = [IO.Path]::Combine($root, 'eng', 'load-smoke', 'load-smoke.csproj')
    & (Get-Program $project 'net8.0') ([IO.Path]::Combine($staged, 'bin')) | Out-Host
    if ($LASTEXITCODE -eq 0) {
        $Tally.Passed++
    }
    else {
        $Tally.AddFailed('The staged module loads on .NET 8')
    }
}

function Invoke-PesterTests([TestTally] $Tally) {
    $folder = [IO.Path]::Combine($root, 'tests', 'pester')
    if (-not [IO.Directory]::Exists($folder)) { return }
    # eng/pwsh-host has the Core cmdlets only, and Pester needs the others.
    if (-not (Get-Command Write-Host -ErrorAction Ignore)) {
        $Tally.AddSkipped('tests/pester', 'needs pwsh')
        return
    }

    if (-not (Get-Module Pester -ListAvailable | Where-Object Version -ge '5.0')) {
        $Tally.AddSkipped('tests/pester', 'needs Pester 5 (Install-Module Pester)')
        return
    }

    Write-Step 'Test with Pester'
    $run = Invoke-Pester -Path $folder -PassThru
    $Tally.Passed += $run.PassedCount
    foreach ($test in $run.Failed) { $Tally.AddFailed($test.ExpandedPath) }
    foreach ($container in $run.FailedContainers) { $Tally.AddFailed("$($container.Item)") }
    foreach ($test in $run.Skipped) { $Tally.AddSkipped($test.ExpandedPath, 'skipped by Pester') }
}

# The closing lines; returns the exit code: a run without a single test is no success.
function Write-Tally([TestTally] $Tally) {
    foreach ($name in $Tally.SkippedNames) { $Host.UI.WriteLine("skipped: $name") }
    foreach ($name in $Tally.FailedNames) { $Host.UI.WriteLine("failed: $name") }
    if ($Tally.MongoServers.Count -gt 0) { $Host.UI.WriteLine("MongoDB: $([string]::Join(', ', $Tally.MongoServers))") }
    $Host.UI.WriteLine("$($Tally.Passed) passed, $($Tally.Failed) failed, $($Tally.Skipped) skipped")
    return [int]($Tally.Failed -gt 0 -or $Tally.Passed -eq 0)
}
