using System.Collections;
using System.Management.Automation;
using System.Net;
using System.Security;
using System.Text;
using Microsoft.PowerShell.SecretManagement;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.ScriptHost;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Module.Tests.EndToEnd;

/// <summary>
/// The store as a vault, called as SecretManagement calls one: in a runspace of its own, in the scope of the module that was registered, by the qualified name
/// of the function. SecretManagement itself takes no part.
/// </summary>
public sealed class VaultTests : IDisposable
{
    private const string Password = "it's \"old\"; %@:/?#\\`ü";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-vault-");
    private readonly IRotationServiceProvider _before = RotationServices.Provider;
    private readonly ModuleHost _user = new();
    private readonly ModuleHost _vault = new(import: false);

    // The engine itself, over a store that is a file.
    public VaultTests() => RotationServices.Provider = null!;

    private string Store => Path.Combine(_folder.FullName, "store.db");

    public void Dispose()
    {
        _vault.Dispose();
        _user.Dispose();
        RotationServices.Provider = _before;
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_secret_is_the_login_that_is_live_at_that_moment()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: ct), Assert.Skip);
        await server.ExecuteAsync($"CREATE ROLE app LOGIN PASSWORD {PostgresServer.Literal(Password)}", ct: ct);
        Add(new NetworkCredential("app", Password), server.Host, server.Port, new NetworkCredential(server.SuperUser, server.SuperPassword));

        var first = Secret("app");
        Assert.Equal("app", first.UserName);
        Assert.Equal(Password, new NetworkCredential("", first.Password).Password);
        _user.Run("param($Store) Invoke-NebulaRotation app -Store $Store -Force -GracePeriod 0", new Hashtable { ["Store"] = Store }).ThrowIfFailed();

        var second = Secret("APP");
        Assert.NotEqual("app", second.UserName);
        await (await server.OpenAsync(user: second.UserName, password: new NetworkCredential("", second.Password).Password, ct: ct)).DisposeAsync();
        await Assert.ThrowsAsync<PostgresException>(() => server.OpenAsync(user: "app", password: Password, ct: ct));

        var text = Assert.IsType<SecureString>(Assert.Single(Call("Get-Secret", new() { ["Name"] = "app" }, new() { ["Format"] = "Uri" }).ThrowIfFailed().Output).BaseObject);
        Assert.StartsWith($"postgresql://{second.UserName}:", new NetworkCredential("", text).Password, StringComparison.Ordinal);
        var information = Assert.IsType<SecretInformation>(Assert.Single(Call("Get-SecretInfo", new() { ["Filter"] = "A*" }).ThrowIfFailed().Output).BaseObject);
        Assert.Equal(("app", SecretType.PSCredential, "Databases"), (information.Name, information.Type, information.VaultName));
        Assert.Equal((second.UserName, 2), (information.Metadata["Username"], information.Metadata["Version"]));
        Assert.Empty(Call("Get-SecretInfo", new() { ["Filter"] = "b*" }).ThrowIfFailed().Output);
    }

    [Fact]
    public async Task The_sample_script_dumps_a_database_with_the_login_that_is_live()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: ct), Assert.Skip);
        Assert.SkipWhen(server.IsExternal, "A server of yours: its pg_dump is not known.");
        await server.ExecuteAsync($"CREATE ROLE app LOGIN PASSWORD {PostgresServer.Literal(Password)}; GRANT pg_read_all_data TO app; CREATE TABLE kept (id int)", ct: ct);
        Add(new NetworkCredential("app", Password), server.Host, server.Port, new NetworkCredential(server.SuperUser, server.SuperPassword));
        _user.Run("param($Store) Invoke-NebulaRotation app -Store $Store -Force -GracePeriod 0", new Hashtable { ["Store"] = Store }).ThrowIfFailed();

        var dump = Path.Combine(_folder.FullName, "kept.dump");
        var run = _vault.Run(
            $$"""
            param($Store, $HostName, $Port, $Path, $Program)
            $module = Import-Module '{{Repository.StagedModule}}' -PassThru
            function Get-Secret($Name, $Vault) {
                & $module 'Nebula.Rotation.Extension\Get-Secret' -Name $Name -VaultName $Vault -AdditionalParameters @{ Store = $Store }
            }
            & '{{Path.Combine(Repository.Root, "samples", "backup-script", "Backup-Database.ps1")}}' app $HostName postgres $Path -Port $Port -Program $Program
            """,
            new Hashtable { ["Store"] = Store, ["HostName"] = server.Host, ["Port"] = server.Port, ["Path"] = dump, ["Program"] = Path.Combine(server.ProgramFolder, "pg_dump") }).ThrowIfFailed();

        Assert.Equal(Secret("app").UserName, Assert.Single(run.Output).Properties["Username"].Value);
        Assert.StartsWith("PGDMP", Encoding.ASCII.GetString(await File.ReadAllBytesAsync(dump, ct)), StringComparison.Ordinal);
        Assert.Null(Environment.GetEnvironmentVariable("PGPASSWORD"));
    }

    [Fact]
    public void A_name_that_the_store_does_not_have_is_no_secret_and_no_error()
    {
        Add(new NetworkCredential("app", Password));
        Assert.Empty(Call("Get-Secret", new() { ["Name"] = "other" }).ThrowIfFailed().Output);
        Assert.Empty(Call("Get-Secret", new() { ["Name"] = "a*" }).ThrowIfFailed().Output);
        Assert.Empty(Call("Get-Secret", new() { ["Name"] = "app" }, new() { ["Scope"] = "another" }).ThrowIfFailed().Output);
    }

    [Fact]
    public void The_vault_is_read_only_says_why_and_changes_nothing()
    {
        Add(new NetworkCredential("app", Password));
        var set = Call("Set-Secret", new() { ["Name"] = "app", ["Secret"] = "c@nary", ["Metadata"] = new Hashtable() });
        var remove = Call("Remove-Secret", new() { ["Name"] = "app" });

        Assert.Contains("read-only", $"{set.TerminatingRecord}", StringComparison.Ordinal);
        Assert.Contains("Invoke-NebulaRotation", $"{set.TerminatingRecord}", StringComparison.Ordinal);
        Assert.DoesNotContain("c@nary", set.Everything, StringComparison.Ordinal);
        Assert.Contains("Remove-NebulaDbCredential", $"{remove.TerminatingRecord}", StringComparison.Ordinal);
        Assert.Equal(Password, new NetworkCredential("", Secret("app").Password).Password);
    }

    [Theory]
    [InlineData("Stroe", "/srv/store.db", "has no parameter 'Stroe'")]
    [InlineData("Store", "store.db", "no full path")]
    [InlineData("Store", "/there/is/none.db", "/there/is/none.db")]
    [InlineData("Format", "Yaml", "Register it again with one of: Credential, Uri,")]
    public void A_registration_that_cannot_work_fails_its_test_and_gives_no_secret(string parameter, string value, string reason)
    {
        Add(new NetworkCredential("app", Password));
        var test = Call("Test-SecretVault", [], new() { [parameter] = value });
        Assert.Equal(false, Assert.Single(test.Output).BaseObject);
        Assert.Contains(reason, $"{Assert.Single(test.Errors)}", StringComparison.Ordinal);

        var get = Call("Get-Secret", new() { ["Name"] = "app" }, new() { [parameter] = value });
        Assert.Empty(get.Output);
        Assert.Contains(reason, $"{get.TerminatingRecord}", StringComparison.Ordinal);
        Assert.Equal(true, Assert.Single(Call("Test-SecretVault", []).ThrowIfFailed().Output).BaseObject);
    }

    [Fact]
    public void The_user_gets_no_command_of_the_vaults_and_SecretManagement_finds_all_five()
    {
        Assert.Empty(_user.Run("Get-Command Get-Secret, Get-SecretInfo, Set-Secret, Remove-Secret, Test-SecretVault -ErrorAction Ignore").ThrowIfFailed().Output);
        // It imports the extension alone, by its folder, and looks at the parameters.
        var found = _vault.Run($$"""
            (Import-Module '{{Path.Combine(Repository.StagedModule, "Nebula.Rotation.Extension")}}' -Force -PassThru).ExportedCommands.Values |
                ForEach-Object { "$($_.Name) $(@($_.Parameters.Keys | Where-Object { $_ -in 'Name', 'Filter', 'Secret', 'VaultName', 'AdditionalParameters' }) -join ' ')" }
            """).ThrowIfFailed().Output.Select(line => $"{line}").Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "Get-Secret Name VaultName AdditionalParameters",
                "Get-SecretInfo Filter VaultName AdditionalParameters",
                "Remove-Secret Name VaultName AdditionalParameters",
                "Set-Secret Name Secret VaultName AdditionalParameters",
                "Test-SecretVault VaultName AdditionalParameters",
            ],
            found);
    }

    // SecretManagement imports a module with -Force when it is registered, also one that it has imported before.
    [Theory]
    [InlineData("Import-Module $Module")]
    [InlineData("Import-Module $Module; Import-Module $Module -Force; Import-Module $Module -Force")]
    [InlineData("Import-Module $Module; Remove-Module Nebula.Rotation; Import-Module $Module -Force")]
    public void The_vault_is_nested_however_often_the_module_is_imported(string imports)
    {
        var nested = _vault.Run(
            $$"""
            param($Module)
            {{imports}}
            (Get-Module Nebula.Rotation).NestedModules.Name
            (Get-Module Nebula.Rotation).ExportedCommands.Count
            """,
            new Hashtable { ["Module"] = Repository.StagedModule }).ThrowIfFailed().Output.Select(line => $"{line}").Order(StringComparer.Ordinal);
        Assert.Equal(["24", "Nebula.Rotation", "Nebula.Rotation.Extension"], nested);
    }

    // In a process of its own: in this one SecretManagement's types are known already.
    [Fact]
    public void The_vault_is_there_for_SecretManagement_alone_also_when_the_user_imported_the_module_before_it()
    {
        using var host = new ScriptHostProcess();
        var result = host.RunScript($$"""
            Import-Module '{{Repository.Manifest}}'
            "user: $((Get-Module Nebula.Rotation).NestedModules.Name)"
            $null = [Reflection.Assembly]::LoadFrom('{{typeof(SecretInformation).Assembly.Location}}')
            $runspace = [runspacefactory]::CreateRunspace([initialsessionstate]::CreateDefault2())
            $runspace.Open()
            $shell = [powershell]::Create($runspace)
            $shell.AddScript("`$m = Import-Module '{{Repository.StagedModule}}' -PassThru; & `$m 'Nebula.Rotation.Extension\Test-SecretVault' -VaultName v -AdditionalParameters @{ Store = 'x' } 2>&1").Invoke() |
                ForEach-Object { "vault: $_" }
            """);
        Assert.Contains("user: Nebula.Rotation\n", result.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("vault: False", result.Output, StringComparison.Ordinal);
        Assert.Contains("no full path", result.Output, StringComparison.Ordinal);
    }

    private PSCredential Secret(string name) =>
        Assert.IsType<PSCredential>(Assert.Single(Call("Get-Secret", new() { ["Name"] = name }).ThrowIfFailed().Output).BaseObject);

    private RunResult Call(string command, Hashtable parameters, Hashtable? vaultParameters = null)
    {
        var additional = new Hashtable { ["Store"] = Store, ["Verbose"] = false };
        foreach (DictionaryEntry given in vaultParameters ?? [])
            additional[given.Key] = given.Value;
        parameters["VaultName"] = "Databases";
        parameters["AdditionalParameters"] = additional;
        return _vault.Run(
            $$"""
            param($Command, $With)
            $module = Import-Module '{{Repository.StagedModule}}' -PassThru
            & $module "Nebula.Rotation.Extension\$Command" @With
            """,
            new Hashtable { ["Command"] = command, ["With"] = parameters });
    }

    private void Add(NetworkCredential login, string host = "127.0.0.1", int port = 1, NetworkCredential? admin = null) =>
        _user.Run(
            """
            param($Store, $HostName, $Port, $Login, $Admin)
            $as = $Admin ? @{ AdminCredential = $Admin } : @{ SkipCheck = $true }
            $null = New-NebulaDbCredential app -DatabaseType PostgreSql -HostName $HostName -Port $Port -Database postgres -Credential $Login @as -Store $Store
            """,
            new Hashtable
            {
                ["Store"] = Store,
                ["HostName"] = host,
                ["Port"] = port,
                ["Login"] = new PSCredential(login.UserName, login.SecurePassword),
                ["Admin"] = admin is null ? null : new PSCredential(admin.UserName, admin.SecurePassword),
            }).ThrowIfFailed();
}
