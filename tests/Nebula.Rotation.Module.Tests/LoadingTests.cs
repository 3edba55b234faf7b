using System.Reflection;
using System.Runtime.Loader;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Where assemblies come from, and when.</summary>
public sealed class LoadingTests
{
    [Fact]
    public void The_contract_and_the_cmdlets_are_the_staged_ones_in_the_default_context()
    {
        foreach (var assembly in new[] { typeof(StageResult).Assembly, typeof(Commands.InvokeNebulaRotationCommand).Assembly })
        {
            Assert.Equal(Path.Combine(Repository.StagedModule, "bin"), Path.GetDirectoryName(assembly.Location));
            Assert.Same(AssemblyLoadContext.Default, AssemblyLoadContext.GetLoadContext(assembly));
        }
    }

    // In a process of its own: here another test may have asked for the engine.
    [Fact]
    public void Importing_the_module_loads_neither_the_engine_nor_a_driver()
    {
        using var host = new ScriptHostProcess();
        var result = host.RunScript($$"""
            Import-Module '{{Repository.Manifest}}'
            $null = Get-Command -Module Nebula.Rotation
            [AppDomain]::CurrentDomain.GetAssemblies() | ForEach-Object { $_.GetName().Name } |
                Where-Object { $_ -match '^(Nebula|Npgsql|Microsoft\.Data|SQLite|MySql|Mongo|StackExchange|Polly|Microsoft\.Extensions)' }
            """);
        Assert.Equal(["Nebula.Rotation", "Nebula.Rotation.Abstractions"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_engine_is_found_by_name_and_lives_in_a_context_of_its_own_with_the_one_contract()
    {
        var engine = Assembly.Load("Nebula.Rotation.Engine");
        Assert.StartsWith(Path.Combine(Repository.StagedModule, "bin", "dependencies"), engine.Location, StringComparison.Ordinal);
        var context = AssemblyLoadContext.GetLoadContext(engine)!;
        Assert.NotSame(AssemblyLoadContext.Default, context);
        Assert.Same(typeof(StageResult).Assembly, context.LoadFromAssemblyName(typeof(StageResult).Assembly.GetName()));
        var driver = context.LoadFromAssemblyName(new AssemblyName("Npgsql"));
        Assert.Same(context, AssemblyLoadContext.GetLoadContext(driver));
    }

    [Fact]
    public void What_the_shared_framework_has_is_shared()
    {
        var context = AssemblyLoadContext.GetLoadContext(Assembly.Load("Nebula.Rotation.Engine"))!;
        var shipped = Path.Combine(Repository.StagedModule, "bin", "dependencies", "System.Diagnostics.DiagnosticSource.dll");
        var wanted = AssemblyName.GetAssemblyName(shipped);
        var loaded = context.LoadFromAssemblyName(new AssemblyName("System.Diagnostics.DiagnosticSource") { Version = wanted.Version });
        Assert.Same(AssemblyLoadContext.Default, AssemblyLoadContext.GetLoadContext(loaded));
    }

    // In a process of its own, too: this one has a driver beside it, for the tests on real servers.
    [Fact]
    public void A_PostgreSQL_cmdlet_loads_its_own_driver_and_no_other_where_nobody_else_finds_it()
    {
        using var host = new ScriptHostProcess();
        var result = host.RunScript($$"""
            Import-Module '{{Repository.Manifest}}'
            $password = [Security.SecureString]::new()
            $password.AppendChar('x')
            $login = [Management.Automation.PSCredential]::new('app', $password)
            $store = [IO.Path]::Combine([IO.Directory]::GetCurrentDirectory(), 'store.db')
            $null = New-NebulaDbCredential app -DatabaseType PostgreSql -HostName 127.0.0.1 -Port 1 -Database d -Credential $login -SkipCheck -Store $store
            (Test-NebulaCredential app -Store $store).ErrorCode.ToString()
            [AppDomain]::CurrentDomain.GetAssemblies() | ForEach-Object { $_.GetName().Name } |
                Where-Object { $_ -match '^(Npgsql|MySql|Mongo|StackExchange)' }
            try { [Reflection.Assembly]::Load('Npgsql').FullName } catch { $_.Exception.InnerException.GetType().Name }
            """);
        Assert.Equal(["ServerUnreachable", "Npgsql", "FileNotFoundException"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void A_MongoDB_cmdlet_loads_its_own_driver_and_no_other_where_nobody_else_finds_it()
    {
        using var host = new ScriptHostProcess();
        var result = host.RunScript($$"""
            Import-Module '{{Repository.Manifest}}'
            $password = [Security.SecureString]::new()
            $password.AppendChar('x')
            $login = [Management.Automation.PSCredential]::new('app', $password)
            $store = [IO.Path]::Combine([IO.Directory]::GetCurrentDirectory(), 'store.db')
            $null = New-NebulaDbCredential app -DatabaseType MongoDb -HostName 127.0.0.1 -Port 1 -Credential $login -SkipCheck -Store $store
            Get-NebulaConnectionString app -AsPlainText -Store $store
            (Test-NebulaCredential app -Store $store).ErrorCode.ToString()
            [AppDomain]::CurrentDomain.GetAssemblies() | ForEach-Object { $_.GetName().Name } |
                Where-Object { $_ -match '^(Npgsql|MySql|MongoDB\.Driver|StackExchange)' }
            try { [Reflection.Assembly]::Load('MongoDB.Driver').FullName } catch { $_.Exception.InnerException.GetType().Name }
            """);
        Assert.Equal(
            ["mongodb://app:x@127.0.0.1:1/admin?authSource=admin", "ServerUnreachable", "MongoDB.Driver", "FileNotFoundException"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_module_with_older_versions_of_our_dependencies_works_beside_ours(bool first)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: ct), Assert.Skip);
        await server.ExecuteAsync("CREATE ROLE app LOGIN PASSWORD 'pw'", ct: ct);
        var other = $"Import-Module '{Repository.OtherModule}'; Get-OtherDriver";
        using var host = new ScriptHostProcess();
        var result = host.RunScript($$"""
            {{(first ? other : "")}}
            Import-Module '{{Repository.Manifest}}'
            $password = [Security.SecureString]::new()
            'pw'.ToCharArray() | ForEach-Object { $password.AppendChar($_) }
            $login = [Management.Automation.PSCredential]::new('app', $password)
            $store = [IO.Path]::Combine([IO.Directory]::GetCurrentDirectory(), 'store.db')
            $null = New-NebulaDbCredential app -DatabaseType PostgreSql -HostName {{server.Host}} -Port {{server.Port}} -Database postgres -Credential $login -Store $store
            "ours $(Test-NebulaCredential app -Store $store -Quiet)"
            {{(first ? "Get-OtherDriver" : other)}}
            [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'Npgsql' } |
                ForEach-Object { "loaded $($_.GetName().Version.Major) $([Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name)" }
            """);
        string[] theirs = ["Npgsql 8 for other", "Logging 8"];
        Assert.Equal(
            [.. first ? theirs : [], "ours True", .. theirs, "loaded 10 Nebula.Rotation engine", "loaded 8 Default"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).OrderBy(line => line.StartsWith("loaded", StringComparison.Ordinal) ? line : "", StringComparer.Ordinal));
        Assert.Empty(result.Error);
    }

    [Fact]
    public void Another_version_in_the_session_says_to_restart()
    {
        using var host = new ScriptHostProcess();
        var other = Path.Combine(Path.GetDirectoryName(host.Script(""))!, "Nebula.Rotation.Abstractions.dll");
        var builder = new System.Reflection.Emit.PersistedAssemblyBuilder(new AssemblyName("Nebula.Rotation.Abstractions") { Version = new Version(99, 1, 2, 3) }, typeof(object).Assembly);
        builder.DefineDynamicModule("Nebula.Rotation.Abstractions").DefineType(typeof(RotationServices).FullName!, TypeAttributes.Public).CreateType();
        builder.Save(other);
        var result = host.RunScript($$"""
            $null = [Reflection.Assembly]::LoadFrom('{{other}}')
            try { Import-Module '{{Repository.Manifest}}' } catch { $_.FullyQualifiedErrorId; $_.Exception.Message }
            """);
        Assert.Contains("Nebula.RestartRequired", result.Output, StringComparison.Ordinal);
        Assert.Contains($"Nebula.Rotation.Abstractions 99.1.2.3 from '{other}' is already loaded", result.Output, StringComparison.Ordinal);
        Assert.Contains("restart PowerShell", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Importing_by_force_twice_leaves_a_module_that_works()
    {
        using var host = new ModuleHost();
        var result = host.Run($$"""
            Import-Module '{{Repository.Manifest}}' -Force
            Import-Module '{{Repository.Manifest}}' -Force
            (Get-Module Nebula.Rotation).ExportedCmdlets.Count -eq (Get-Command -Module Nebula.Rotation).Count
            ($o | ForEach-Object { $_.Endpoints })
            """.Insert(0, "param($o)\n"), new Dictionary<string, object> { ["o"] = Support.Scene.Credential("orders") }).ThrowIfFailed();
        Assert.Equal([true, "db1:5432"], result.Output.Select(item => item.BaseObject));
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void The_cmdlet_assembly_refers_to_no_engine() =>
        Assert.DoesNotContain(
            typeof(Commands.InvokeNebulaRotationCommand).Assembly.GetReferencedAssemblies(),
            name => name.Name is "Nebula.Rotation.Engine" or "Nebula.Rotation.Stores");
}
