using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Publish targets are added, shown and removed.</summary>
public sealed partial class PublishTargetTests
{
    [Theory]
    [InlineData("-Kind EnvFile -Path /srv/a.env -Entry DATABASE_URL", "DATABASE_URL=Uri")]
    [InlineData("-Kind JsonFile -Path /srv/a.json -Entry ConnectionStrings:Default -Format AdoNet", "ConnectionStrings:Default=AdoNet")]
    [InlineData("-Kind EnvFile -Path /srv/a.env -Entry @{ DB_PASS = 'Password'; DB_USER = 'username' }", "DB_PASS=Password,DB_USER=Username")]
    [InlineData("-Kind EnvFile -Path /srv/a.env -Entry ([ordered]@{ B = 'Host'; A = 'Port' })", "B=Host,A=Port")]
    [InlineData("-Kind EnvFile -Path /srv/a.env -Entry A, B -Format Password", "A=Password,B=Password")]
    [InlineData("-Kind SecretVault -Entry orders-db -Vault Prod", "orders-db=Credential")]
    [InlineData("-Kind PgPass", "")]
    public void Entries_are_read_as_they_are_meant(string parameters, string entries)
    {
        using var scene = new Scene();
        var added = Assert.IsType<PublishTarget>(Assert.Single(scene.Run($"Add-NebulaPublishTarget orders {parameters}").ThrowIfFailed().Output).BaseObject);
        Assert.Equal(entries, string.Join(',', added.Entries.Select(entry => $"{entry.Key}={entry.Value}")));
        Assert.Equal("orders", added.Credential);
        Assert.NotEqual(Guid.Empty, added.Id);
        Assert.False(scene.Service.Change!.SkipTargetCheck);
    }

    [Fact]
    public void Everything_that_Add_is_given_reaches_the_engine()
    {
        using var scene = new Scene();
        scene.Run("Add-NebulaPublishTarget orders -Kind Command -Path sh -Argument '-c', '' -Timeout 1m -SkipCheck").ThrowIfFailed();
        var command = Assert.Single(Added(scene));
        Assert.True(Path.IsPathFullyQualified(command.Path!));
        Assert.Equal(["-c", ""], command.Arguments);
        Assert.Equal("60", command.Options["timeout"]);
        Assert.True(scene.Service.Change!.SkipTargetCheck);

        scene.Run("Add-NebulaPublishTarget orders -Kind PgBouncerUserList -Path /etc/pgbouncer/userlist.txt -ReloadCommand sh, -c, true -Option @{ Host = 'p'; Port = 7 }").ThrowIfFailed();
        var list = Added(scene)[^1];
        Assert.Equal(["-c", "true"], list.Arguments.Skip(1));
        Assert.Equal("7", list.Options["Port"]);
    }

    [Theory]
    [InlineData("-Kind EnvFile -Path /a -Vault v")]
    [InlineData("-Kind EnvFile -Path /a -Argument x")]
    [InlineData("-Kind EnvFile -Path /a -Format Uri")]
    [InlineData("-Kind Command -Path no-program-of-this-name")]
    [InlineData("-Kind EnvFile -Path Env:a")]
    public void What_makes_no_sense_is_refused_before_the_engine_is_asked(string parameters)
    {
        using var scene = new Scene();
        var error = Assert.Single(scene.Run($"Add-NebulaPublishTarget orders {parameters}").Errors);
        Assert.StartsWith("Nebula.InvalidArgument,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(scene.Service.Calls);
    }

    [Theory]
    [InlineData("@{ A = 'Nothing' }")]
    [InlineData("''")]
    [InlineData("7")]
    [InlineData("A, A")]
    public void What_names_no_entries_is_refused(string entry)
    {
        using var scene = new Scene();
        Assert.StartsWith(
            "ParameterArgumentTransformationError,",
            Assert.Single(scene.Run($"Add-NebulaPublishTarget orders -Kind EnvFile -Path /a -Entry {entry}").Errors).FullyQualifiedErrorId,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("param($Action)", "has no parameters")]
    [InlineData("param($Action, $Publication", "cannot be parsed")]
    public void A_script_that_could_not_run_is_refused(string script, string reason)
    {
        using var scene = new Scene();
        var path = Path.GetTempFileName() + ".ps1";
        File.WriteAllText(path, script);
        Assert.Contains(reason, Assert.Single(scene.Run($"Add-NebulaPublishTarget orders -Kind ScriptFile -Path '{path}'").Errors).Exception.Message, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public void WhatIf_adds_and_removes_nothing()
    {
        using var scene = WithTargets();
        scene.Run("Add-NebulaPublishTarget orders -Kind PgPass -WhatIf; Get-NebulaPublishTarget orders | Remove-NebulaPublishTarget -WhatIf").ThrowIfFailed();
        Assert.Empty(scene.Service.Calls);
        Assert.Contains(scene.Host.Lines, line => line.Contains("orders: EnvFile /srv/a.env", StringComparison.Ordinal));
    }

    [Fact]
    public void Targets_read_as_a_table()
    {
        using var scene = WithTargets();
        scene.Host.Lines.Clear();
        scene.Run("Get-NebulaPublishTarget | Out-Default").ThrowIfFailed();
        var shown = Colour().Replace(string.Join('\n', scene.Host.Lines), "");
        Assert.Matches(@"Credential\s+Kind\s+Path\s+Entries\s+Options\s+Id", shown);
        Assert.Matches(@"orders\s+EnvFile\s+/srv/a\.env\s+A=Uri", shown);
        Assert.Matches(@"orders\s+Command\s+/bin/tell -x\s+Timeout=7", shown);
    }

    [Fact]
    public void Targets_are_selected_by_kind_and_removed_by_pipe_or_id()
    {
        using var scene = WithTargets();
        scene.Run("Get-NebulaPublishTarget orders -Kind Command | Remove-NebulaPublishTarget -Force").ThrowIfFailed();
        Assert.Equal([PublishTargetKind.EnvFile], Added(scene).Select(target => target.Kind));
        scene.Run("Remove-NebulaPublishTarget orders -Id 00000000-0000-0000-0000-000000000001 -Force").ThrowIfFailed();
        Assert.Equal([PublishTargetKind.Command], Added(scene).Select(target => target.Kind));
        Assert.StartsWith("Nebula.InvalidArgument,", Assert.Single(scene.Run("Remove-NebulaPublishTarget orders -Id 00000000-0000-0000-0000-000000000009").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.StartsWith("Nebula.CredentialNotFound,", Assert.Single(scene.Run("Get-NebulaPublishTarget nobody").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    private static IReadOnlyList<PublishTarget> Added(Scene scene) => scene.Service.Change!.Apply(scene.Service.Credentials[0]).PublishTargets;

    private static Scene WithTargets()
    {
        var scene = new Scene();
        scene.Service.Credentials[0] = scene.Service.Credentials[0] with
        {
            PublishTargets =
            [
                new() { Id = Guid.Parse("00000000-0000-0000-0000-000000000001"), Credential = "orders", Kind = PublishTargetKind.EnvFile, Path = "/srv/a.env", Entries = new Dictionary<string, PublishFormat> { ["A"] = PublishFormat.Uri } },
                new() { Id = Guid.Parse("00000000-0000-0000-0000-000000000002"), Credential = "orders", Kind = PublishTargetKind.Command, Path = "/bin/tell", Arguments = ["-x"], Options = new Dictionary<string, string> { ["Timeout"] = "7" } },
            ],
        };
        return scene;
    }

    [GeneratedRegex("\x1b\\[[0-9;]*m")]
    private static partial Regex Colour();
}
