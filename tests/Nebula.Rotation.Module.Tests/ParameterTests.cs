using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>What parameters take.</summary>
public sealed class ParameterTests
{
    [Theory]
    [InlineData("90", 90)]
    [InlineData("'90'", 90)]
    [InlineData("1.5", 1.5)]
    [InlineData("'90s'", 90)]
    [InlineData("'5m'", 300)]
    [InlineData("'1.5 h'", 5400)]
    [InlineData("'24H'", 86400)]
    [InlineData("'30d'", 2592000)]
    [InlineData("30d", 2592000)]
    [InlineData("0.5d", 43200)]
    [InlineData("90s", 90)]
    [InlineData("40000s", 40000)]
    [InlineData("'2w'", 1209600)]
    [InlineData("'250ms'", 0.25)]
    [InlineData("'00:01:30'", 90)]
    [InlineData("0", 0)]
    [InlineData("([timespan]::FromMinutes(2))", 120)]
    [InlineData("(& { 90 })", 90)]
    public void A_duration_is_read_as_it_is_meant(string given, double seconds)
    {
        using var scene = new Scene();
        scene.Run($"Invoke-NebulaRotation orders -Force -GracePeriod {given}").ThrowIfFailed();
        Assert.Equal(TimeSpan.FromSeconds(seconds), Assert.Single(scene.Service.Requests).GracePeriod);
    }

    [Theory]
    [InlineData("'soon'")]
    [InlineData("(30d)")]
    [InlineData("5n")]
    [InlineData("''")]
    [InlineData("-5")]
    [InlineData("'-5s'")]
    [InlineData("'5 parsecs'")]
    [InlineData("([double]::NaN)")]
    [InlineData("([double]::MaxValue)")]
    [InlineData("([timespan]::MaxValue)")]
    [InlineData("(Get-Date)")]
    [InlineData("@(1, 2)")]
    public void What_is_no_duration_is_refused(string given)
    {
        using var scene = new Scene();
        var result = scene.Run($"function Get-Date {{ [datetime]::UtcNow }}; Invoke-NebulaRotation orders -Force -GracePeriod {given}");
        Assert.StartsWith("ParameterArgumentTransformationError,", Assert.Single(result.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
    }

    [Fact]
    public void Everything_that_New_is_given_reaches_the_engine()
    {
        using var scene = new Scene();
        var result = scene.Run("""
            param($c)
            New-NebulaDbCredential shop -Scope eu -DatabaseType MySql -HostName a, b -Port 3307 -Database d -Credential $c -AdminCredentialName root `
                -SslMode VerifyFull -CACertificate ca.pem -MaxConnections 20 -ConnectionTimeout 30 -Strategy DualPassword -RotationInterval 30d `
                -UsernameTemplate '{name}_x' -PasswordPolicy @{ length = 64; SYMBOLS = '' } -Option @{ Number = 1.5; Flag = $true; Text = 'x' } -Tag prod, eu -SkipCheck
            """,
            new Dictionary<string, object> { ["c"] = Logins.Make("app", "pw") }).ThrowIfFailed();
        var credential = Assert.IsType<DatabaseCredential>(Assert.Single(result.Output).BaseObject);
        Assert.Equal(("shop", "eu", DatabaseType.MySql, 3307, "d", "app"), (credential.Name, credential.Scope, credential.DatabaseType, credential.Port, credential.Database, credential.Username));
        Assert.Equal(["a", "b"], credential.HostName);
        Assert.Equal(("root", SslMode.VerifyFull, 20), (credential.AdminCredentialName, credential.SslMode, credential.MaxConnections));
        Assert.True(Path.IsPathFullyQualified(credential.CACertificate!));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromDays(30)), (credential.ConnectionTimeout, credential.RotationInterval));
        Assert.Equal((RotationStrategy.DualPassword, "{name}_x"), (credential.Strategy, credential.UsernameTemplate));
        Assert.Equal(new PasswordPolicy { Length = 64, Symbols = "" }, credential.PasswordPolicy);
        Assert.Equal(("1.5", "true", "x"), (credential.Option["number"], credential.Option["flag"], credential.Option["text"]));
        Assert.Equal(["prod", "eu"], credential.Tag);
        Assert.True(scene.Service.Added!.SkipCheck);
        Assert.True(Assert.Single(scene.Service.Opened).CreateIfMissing);
    }

    [Theory]
    [InlineData("PostgreSql -Database d", 5432, "d")]
    [InlineData("MySql", 3306, "")]
    [InlineData("MongoDb", 27017, "admin")]
    [InlineData("Redis", 6379, "0")]
    public void A_kind_of_server_has_its_port_and_database(string type, int port, string database)
    {
        using var scene = new Scene();
        scene.Run($"param($c) New-NebulaDbCredential x -DatabaseType {type} -HostName h -Credential $c", Login).ThrowIfFailed();
        Assert.Equal((port, database), (scene.Service.Added!.Credential.Port, scene.Service.Added.Credential.Database));
    }

    [Theory]
    [InlineData("-DatabaseType PostgreSql", "-Database")]
    [InlineData("-DatabaseType Redis -PasswordPolicy @{ Length = 8 }", "8 characters")]
    [InlineData("-DatabaseType Redis -ConnectionTimeout 0", "whole seconds")]
    [InlineData("-DatabaseType Redis -ConnectionTimeout 1.5", "whole seconds")]
    [InlineData("-DatabaseType Redis -Option @{ a = $null }", "no value")]
    [InlineData("-DatabaseType Redis -Option @{ a = @(1) }", "a text, a number")]
    [InlineData("-DatabaseType Redis -CACertificate Variable:x", "provider Variable")]
    public void A_wrong_value_is_an_invalid_argument(string parameters, string said)
    {
        using var scene = new Scene();
        var error = Assert.Single(scene.Run($"param($c) New-NebulaDbCredential x -HostName h -Credential $c {parameters}", Login).Errors);
        Assert.StartsWith("Nebula.InvalidArgument,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(said, error.Exception.Message, StringComparison.Ordinal);
        Assert.Null(scene.Service.Added);
    }

    [Theory]
    [InlineData("@{ Size = 40 }")]
    [InlineData("@{ Length = 'long' }")]
    [InlineData("42")]
    public void What_is_no_password_policy_is_refused(string given)
    {
        using var scene = new Scene();
        var error = Assert.Single(scene.Run($"Set-NebulaDbCredential orders -PasswordPolicy {given}").Errors);
        var cause = Assert.IsType<RotationException>(error.Exception.GetBaseException());
        Assert.Equal(RotationErrorCode.InvalidArgument, cause.Code);
    }

    [Fact]
    public void Set_changes_what_is_given_and_an_empty_value_clears()
    {
        using var scene = new Scene();
        var changed = Change(scene, "-Port 1 -Hold 'audit' -RotationInterval 7d -UsernameTemplate t -MaxConnections 5");
        Assert.Equal((1, "audit", TimeSpan.FromDays(7), "t", 5), (changed.Port, changed.HoldReason, changed.RotationInterval, changed.UsernameTemplate, changed.MaxConnections));
        Assert.Equal("app", changed.Database);
        scene.Service.Credentials[0] = changed;
        changed = Change(scene, "-Hold '' -RotationInterval 0 -UsernameTemplate '' -MaxConnections 0");
        Assert.Equal((1, null, null, null, null), (changed.Port, changed.HoldReason, changed.RotationInterval, changed.UsernameTemplate, changed.MaxConnections));
    }

    [Fact]
    public void Set_says_how_long_old_logins_and_their_passwords_are_kept()
    {
        using var scene = new Scene();
        var changed = Change(scene, "-RetainFor 12h -KeepVersions 3 -KeepVersionsFor 90d");
        Assert.Equal((TimeSpan.FromHours(12), 3, TimeSpan.FromDays(90)), (changed.RetainFor, changed.KeepVersions, changed.KeepVersionsFor));
        scene.Service.Credentials[0] = changed;
        changed = Change(scene, "-RetainFor 0 -KeepVersions 0 -KeepVersionsFor 0");
        Assert.Equal((null, 0, null), (changed.RetainFor, changed.KeepVersions, changed.KeepVersionsFor));
    }

    [Fact]
    public void Set_names_the_settings_it_would_change_and_no_value()
    {
        using var scene = new Scene();
        scene.Run("Set-NebulaDbCredential orders -Hold 'secret audit' -Port 1 -WhatIf").ThrowIfFailed();
        Assert.Contains("Change Hold, Port", scene.Host.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("secret audit", scene.Host.Everything, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
    }

    [Theory]
    [InlineData("'one', 'two' | Test-NebulaCredential -Quiet")]
    [InlineData("Test-NebulaCredential one, two -Quiet")]
    [InlineData("Get-NebulaDbCredential | Test-NebulaCredential -Quiet")]
    [InlineData("[pscustomobject]@{ Name = 'one' }, [pscustomobject]@{ Name = 'two'; Scope = 'global' } | Test-NebulaCredential -Quiet")]
    public void Names_and_credentials_can_be_piped(string command)
    {
        using var scene = new Scene(null, "one", "two");
        scene.Service.Tests["one"] = [Tested("one", true), Tested("one", true)];
        scene.Service.Tests["two"] = [Tested("two", true), Tested("two", false)];
        Assert.Equal([true, false], scene.Run(command).ThrowIfFailed().Output.Select(o => o.BaseObject));
        Assert.Equal(["Test one", "Test two"], scene.Service.Calls);
    }

    [Fact]
    public void A_piped_credential_keeps_its_scope()
    {
        using var scene = new Scene();
        scene.Service.Credentials.Add(Scene.Credential("orders") with { Scope = "eu" });
        scene.Run("Get-NebulaDbCredential -Scope eu | Invoke-NebulaRotation -Force").ThrowIfFailed();
        Assert.Equal(("orders", "eu"), (scene.Service.Requests[0].Name, scene.Service.Requests[0].Scope));
    }

    [Fact]
    public void A_stage_result_or_a_record_names_its_rotation_once()
    {
        using var scene = new Scene();
        var script = scene.Service.ScriptOf("orders");
        scene.Service.Records.Add(script.Ending(scene.Service.Credentials[0], RotationState.Draining));
        scene.Run("Invoke-NebulaRotation orders -Force | Undo-NebulaRotation -Force; Get-NebulaRotation | Resume-NebulaRotation").ThrowIfFailed();
        Assert.Equal(["Rotate orders", "Undo orders", "Resume orders"], scene.Service.Calls);
        Assert.Equal([null, script.RotationId, script.RotationId], scene.Service.Requests.Select(r => r.RotationId));
    }

    [Fact]
    public void Resume_all_takes_what_is_open_the_oldest_first()
    {
        using var scene = new Scene(null, "a", "b", "c", "d", "e");
        var states = new[] { RotationState.Draining, RotationState.Completed, RotationState.Running, RotationState.Retained, RotationState.Retained };
        foreach (var (credential, state) in scene.Service.Credentials.Zip(states))
        {
            scene.Service.Records.Add(scene.Service.ScriptOf(credential.Name).Ending(credential, state) with
            {
                RetainUntil = credential.Name == "e" ? DateTimeOffset.UnixEpoch : DateTimeOffset.MaxValue,
            });
        }

        scene.Run("Resume-NebulaRotation -All").ThrowIfFailed();
        Assert.Equal(["Resume e", "Resume c", "Resume a"], scene.Service.Calls);
    }

    [Theory]
    [InlineData("*", "orders,orders2,shop")]
    [InlineData("ORD*", "orders,orders2")]
    [InlineData("orders?", "orders2")]
    [InlineData("[os]*[0-9]", "orders2")]
    [InlineData("shop, orders", "shop,orders")]
    [InlineData("nothing*", "")]
    public void Get_takes_wildcards(string name, string expected)
    {
        using var scene = new Scene(null, "orders", "orders2", "shop");
        var result = scene.Run($"Get-NebulaDbCredential {name}").ThrowIfFailed();
        Assert.Equal(expected, string.Join(',', result.Output.Select(o => o.ToString())));
    }

    [Fact]
    public void A_name_that_is_written_out_and_not_there_is_an_error()
    {
        using var scene = new Scene();
        var error = Assert.Single(scene.Run("Get-NebulaDbCredential nobody").Errors);
        Assert.StartsWith("Nebula.CredentialNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("nobody", error.TargetObject);
        Assert.Empty(scene.Run("Get-NebulaDbCredential orders -Due").ThrowIfFailed().Output);
    }

    [Fact]
    public void A_wildcard_is_a_letter_where_a_command_changes_something()
    {
        using var scene = new Scene(null, "orders", "or*");
        var result = scene.Run("Remove-NebulaDbCredential or*, o* -Force");
        Assert.Equal(["Remove or*"], scene.Service.Calls);
        Assert.Equal("o*", Assert.Single(result.Errors).TargetObject);
    }

    [Fact]
    public void A_wildcard_is_one_where_a_command_only_looks()
    {
        using var scene = new Scene(null, "orders", "orders [old]", "shop");
        foreach (var name in new[] { "orders", "orders [old]", "shop" })
            scene.Service.Tests[name] = [Tested(name, true)];
        Assert.Equal(["orders", "orders [old]"], scene.Run("Test-NebulaCredential or*").ThrowIfFailed().Output.Select(o => ((CredentialTestResult)o.BaseObject).Name));
        Assert.Equal(["orders [old]", "shop"], scene.Run("Test-NebulaCredential 'orders [old]', sh*").ThrowIfFailed().Output.Select(o => ((CredentialTestResult)o.BaseObject).Name));
        Assert.Empty(scene.Run("Test-NebulaCredential no*").ThrowIfFailed().Output);
        Assert.StartsWith("Nebula.CredentialNotFound,", Assert.Single(scene.Run("Test-NebulaCredential nobody").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_removed_is_given_on_request()
    {
        using var scene = new Scene();
        Assert.Equal("orders", ((DatabaseCredential)Assert.Single(scene.Run("Remove-NebulaDbCredential orders -Confirm:$false -PassThru").ThrowIfFailed().Output).BaseObject).Name);
    }

    [Fact]
    public void Rotations_are_found_by_name_state_and_number()
    {
        using var scene = new Scene(null, "orders", "orders2", "shop");
        foreach (var credential in scene.Service.Credentials)
            scene.Service.Records.Add(scene.Service.ScriptOf(credential.Name).Ending(credential, RotationState.Completed));
        Assert.Equal(3, scene.Run("Get-NebulaRotation").ThrowIfFailed().Output.Count);
        Assert.Equal(2, scene.Run("Get-NebulaRotation ord*").ThrowIfFailed().Output.Count);
        Assert.Single(scene.Run("Get-NebulaRotation ord* -Last 1").ThrowIfFailed().Output);
        Assert.Single(scene.Run("Get-NebulaRotation orders -State Completed").ThrowIfFailed().Output);
        Assert.Empty(scene.Run("Get-NebulaRotation orders -State Running").ThrowIfFailed().Output);
        Assert.Equal("shop", ((RotationRecord)Assert.Single(scene.Run($"Get-NebulaRotation -RotationId {scene.Service.ScriptOf("shop").RotationId}").ThrowIfFailed().Output).BaseObject).Credential);
        Assert.StartsWith("Nebula.RotationNotFound,", Assert.Single(scene.Run($"Get-NebulaRotation -RotationId {Guid.NewGuid()}").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_is_a_path_of_the_session_or_an_address()
    {
        using var scene = new Scene();
        var folder = Path.GetTempPath().TrimEnd(Path.DirectorySeparatorChar);
        scene.Run($"$ExecutionContext.SessionState.Path.SetLocation('{folder}')").ThrowIfFailed();
        scene.Run("Get-NebulaDbCredential -Store sub/a.db").ThrowIfFailed();
        scene.Run("Get-NebulaDbCredential -Store postgresql://h/d").ThrowIfFailed();
        scene.Run("Get-NebulaDbCredential").ThrowIfFailed();
        Assert.Equal([Path.Combine(folder, "sub", "a.db"), "postgresql://h/d", null], scene.Service.Opened.Select(o => o.Store));
        Assert.All(scene.Service.Opened, o => Assert.False(o.CreateIfMissing));
        scene.Run(
            $"""
            $files = $ExecutionContext.SessionState.Provider.GetOne('FileSystem')
            $null = $ExecutionContext.SessionState.Drive.New([Management.Automation.PSDriveInfo]::new('Rotation', $files, '{folder}', '', $null), 'Global')
            Get-NebulaDbCredential -Store Rotation:/sub/a.db
            """).ThrowIfFailed();
        Assert.Equal(Path.Combine(folder, "sub", "a.db"), scene.Service.Opened[^1].Store);
        var error = Assert.Single(scene.Run("Get-NebulaDbCredential -Store Env:x").Errors);
        Assert.StartsWith("Nebula.InvalidArgument,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_a_rotation_is_given_reaches_the_engine()
    {
        using var scene = new Scene();
        scene.Run("""
            param($c)
            Invoke-NebulaRotation orders -Force -AdminCredential $c -Strategy AlternatingUsers -GracePeriod 1 -DrainTimeout 2m -OnDrainTimeout Terminate `
                -RetainFor 1h -NoWait -Emergency -VerifyQuery 'select 1'
            """, Login).ThrowIfFailed();
        var request = Assert.Single(scene.Service.Requests);
        Assert.Equal(("app", RotationStrategy.AlternatingUsers), (request.Admin!.Username, request.Strategy));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2), TimeSpan.FromHours(1)), (request.GracePeriod, request.DrainTimeout, request.RetainFor));
        Assert.Equal((DrainTimeoutAction.Terminate, true, true, "select 1"), (request.OnDrainTimeout, request.NoWait, request.Emergency, request.VerifyQuery));
        scene.Run("Invoke-NebulaRotation orders -Force").ThrowIfFailed();
        var bare = scene.Service.Requests[1];
        Assert.Equal((null, null, null, null, null), (bare.Admin, bare.Strategy, bare.GracePeriod, bare.OnDrainTimeout, bare.RetainFor));
    }

    private static Dictionary<string, object> Login => new() { ["c"] = Logins.Make("app", "pw") };

    private static DatabaseCredential Change(Scene scene, string parameters) =>
        (DatabaseCredential)Assert.Single(scene.Run($"Set-NebulaDbCredential orders {parameters} -PassThru").ThrowIfFailed().Output).BaseObject;

    private static CredentialTestResult Tested(string name, bool succeeded) => new()
    {
        Name = name,
        DatabaseType = DatabaseType.PostgreSql,
        Endpoint = "db1:5432",
        Username = "app",
        Succeeded = succeeded,
        Latency = TimeSpan.FromMilliseconds(12),
        Message = succeeded ? "Well." : "Refused.",
    };
}
