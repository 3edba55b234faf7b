# The application's process, and the JSON lines that go to and fro. Dot-sourced by demo.ps1.

# A PSCredential out of two texts, without a cmdlet that not every host has.
function New-Login([string] $Name, [string] $Text) {
    return [Management.Automation.PSCredential]::new($Name, [Net.NetworkCredential]::new($Name, $Text).SecurePassword)
}

class AppProcess {
    hidden [Diagnostics.Process] $Process

    # Builds the project and starts its program, which takes the engine's name.
    static [AppProcess] Start([string] $Project, [string] $Engine) {
        $lines = & dotnet build $Project -c Release --nologo -v quiet '-clp:NoSummary' 2>&1
        if ($global:LASTEXITCODE -ne 0) { throw "The application does not build:`n$($lines -join "`n")" }

        $name = [IO.Path]::GetFileName($Project)
        $start = [Diagnostics.ProcessStartInfo]::new('dotnet')
        $start.ArgumentList.Add([IO.Path]::Combine($Project, 'bin', 'Release', 'net10.0', "$name.dll"))
        $start.ArgumentList.Add($Engine)
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $started = [AppProcess]::new()
        $started.Process = [Diagnostics.Process]::Start($start)
        return $started
    }

    [void] Tell([hashtable] $Command) {
        $message = [Text.Json.Nodes.JsonObject]::new()
        foreach ($key in $Command.Keys) { $message[$key] = $Command[$key] }
        $this.Process.StandardInput.WriteLine($message.ToJsonString())
        $this.Process.StandardInput.Flush()
    }

    [Text.Json.Nodes.JsonNode] Receive() {
        $line = $this.Process.StandardOutput.ReadLine()
        if ($null -eq $line) { throw 'The application ended before its time; what it said is above.' }
        return [Text.Json.Nodes.JsonNode]::Parse($line)
    }

    [Text.Json.Nodes.JsonNode] Ask([hashtable] $Command) {
        $this.Tell($Command)
        return $this.Receive()
    }

    [string] ReadToEnd() {
        return $this.Process.StandardOutput.ReadToEnd().TrimEnd()
    }

    [int] WaitForExit() {
        $this.Process.WaitForExit()
        return $this.Process.ExitCode
    }

    # The end of its input is the application's sign to end, and to take its server with it.
    [void] Dispose() {
        $this.Process.StandardInput.Close()
        if (-not $this.Process.WaitForExit(30000)) { $this.Process.Kill($true) }
        $this.Process.Dispose()
    }
}
