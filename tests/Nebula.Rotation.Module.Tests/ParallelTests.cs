using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.Support;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Module.Tests;

/// <summary>ForEach-Object -Parallel: many sessions of one process at one store, each with the module of its own and the one engine.</summary>
public sealed class ParallelTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-parallel-");
    private readonly IRotationServiceProvider _before = RotationServices.Provider;
    private readonly ModuleHost _host = new();

    // The engine itself, over a store that is a file.
    public ParallelTests() => RotationServices.Provider = null!;

    public void Dispose()
    {
        _host.Dispose();
        RotationServices.Provider = _before;
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Sessions_that_store_change_read_and_remove_at_once_do_not_disturb_each_other()
    {
        // The store is made by whoever comes first.
        var result = Run(
            """
            $seen = 1..24 | ForEach-Object -ThrottleLimit 8 -Parallel {
                Import-Module $using:m
                $name = "app$_"
                $null = New-NebulaDbCredential $name -DatabaseType Redis -HostName 127.0.0.1 -Port 1 -Credential $using:c -SkipCheck -Store $using:s
                Set-NebulaDbCredential $name -Tag "t$_" -Store $using:s
                $text = Get-NebulaConnectionString $name -AsPlainText -Store $using:s
                if ($text -notmatch "pw") { throw "$name has $text" }
                if ($_ % 3 -eq 0) { Remove-NebulaDbCredential $name -Store $using:s -Confirm:$false }
                (Get-NebulaDbCredential app* -Store $using:s).Count
            }
            $seen.Count
            (Get-NebulaDbCredential -Store $s | Where-Object { $_.Tag[0] -eq $_.Name.Replace('app', 't') }).Count
            Test-NebulaAuditTrail -Quiet -Store $s
            """);
        Assert.Equal([24, 16, true], result.Output.Select(item => item.BaseObject));
    }

    [Fact]
    public async Task Sessions_rotate_credentials_of_one_server_at_once_and_one_credential_once()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: ct), Assert.Skip);
        foreach (var login in new[] { "first", "second", "third" })
            await server.ExecuteAsync($"CREATE ROLE {login} LOGIN PASSWORD 'pw'", ct: ct);
        // A session of the first login keeps its rotation in the drain until the other one has been refused, whenever that comes to it.
        await using var session = await server.OpenAsync(user: "first", password: "pw", ct: ct);
        using var refused = new ManualResetEventSlim();
        var running = Task.Run(() => Run(
            """
            'first', 'second', 'third' | ForEach-Object {
                $login = [Management.Automation.PSCredential]::new($_, $c.Password)
                $null = New-NebulaDbCredential $_ -DatabaseType PostgreSql -HostName $h -Port $p -Database postgres -Credential $login -AdminCredential $a -Store $s
            }
            'first', 'second', 'third', 'first' | ForEach-Object -ThrottleLimit 4 -Parallel {
                Import-Module $using:m
                $failed = $null
                $stages = Invoke-NebulaRotation $_ -Store $using:s -GracePeriod 2s -Confirm:$false -ErrorVariable failed -ErrorAction SilentlyContinue
                if ($failed) { ($using:refused).Set(); "$_ $(@($failed)[0].FullyQualifiedErrorId.Split(',')[0])" } else { "$_ $(@($stages)[-1].Stage)" }
            }
            Test-NebulaCredential * -Quiet -Store $s
            (Get-NebulaRotation -Store $s).Count
            """,
            server,
            refused), ct);
        await Waiting.ForAsync(() => Task.FromResult(refused.IsSet || running.IsCompleted), "One of the two was refused.");
        await session.DisposeAsync();
        var result = await running.WaitAsync(Scene.Patience, ct);
        Assert.Equal(["first Complete", "first Nebula.LeaseHeld", "second Complete", "third Complete"], result.Output.Take(4).Select(item => $"{item}").Order(StringComparer.Ordinal));
        Assert.Equal([true, true, true, 3], result.Output.Skip(4).Select(item => item.BaseObject));
    }

    private RunResult Run(string script, PostgresServer? server = null, ManualResetEventSlim? refused = null) => _host.Run(
        $"param($m, $s, $c, $h, $p, $a, $refused)\n{script}",
        new Dictionary<string, object?>
        {
            ["m"] = Repository.Manifest,
            ["s"] = Path.Combine(_folder.FullName, "store.db"),
            ["c"] = Logins.Make("app", "pw"),
            ["h"] = server?.Host,
            ["p"] = server?.Port,
            ["refused"] = refused,
            ["a"] = server is null ? null : Logins.Make(server.SuperUser, server.SuperPassword),
        }).ThrowIfFailed();
}
