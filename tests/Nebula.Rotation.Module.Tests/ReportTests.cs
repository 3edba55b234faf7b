using System.Management.Automation;
using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Export-NebulaReport: which credentials, and what becomes of the file.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-report-");
    private readonly Scene _scene = new(null, "orders", "orders-archive", "billing");

    private string Target => Path.Combine(_folder.FullName, "report.html");

    public void Dispose()
    {
        _scene.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void The_page_is_written_and_nothing_is_given()
    {
        var result = Export("");
        result.ThrowIfFailed();
        Assert.Empty(result.Output);
        Assert.Equal("<!DOCTYPE html>\n", File.ReadAllText(Target));
        Assert.Equal((byte)'<', File.ReadAllBytes(Target)[0]);
        Assert.Equal([Target], Directory.GetFiles(_folder.FullName));
        Assert.Equal((3, 50), (_scene.Service.Report!.Credentials.Count, _scene.Service.Report.History.Count));
    }

    [Fact]
    public void PassThru_gives_the_file()
    {
        var file = Assert.IsType<FileInfo>(Assert.Single(Export("-PassThru").ThrowIfFailed().Output).BaseObject);
        Assert.Equal(Target, file.FullName);
    }

    [Fact]
    public void WhatIf_writes_nothing_and_renders_nothing()
    {
        Export("-WhatIf").ThrowIfFailed();
        Assert.Empty(_folder.GetFiles());
        Assert.Null(_scene.Service.Report);
    }

    [Fact]
    public void Names_take_wildcards_and_come_through_the_pipeline()
    {
        Export("-Name orders*").ThrowIfFailed();
        Assert.Equal(["orders", "orders-archive"], Names());
        _scene.Run($"Get-NebulaDbCredential [bo]* | Export-NebulaReport '{Target}'").ThrowIfFailed();
        Assert.Equal(["billing", "orders", "orders-archive"], Names());
        // A name twice is in it once.
        _scene.Run($"'orders', 'ord*s' | Export-NebulaReport '{Target}'").ThrowIfFailed();
        Assert.Equal(["orders"], Names());
    }

    [Fact]
    public void A_pipeline_that_gives_nothing_is_a_report_of_none()
    {
        _scene.Run($"Get-NebulaDbCredential -Tag none | Export-NebulaReport '{Target}'").ThrowIfFailed();
        Assert.Empty(Names());
    }

    [Fact]
    public void A_name_that_is_not_there_writes_nothing()
    {
        var result = Export("-Name orders, ordres");
        Assert.Equal("Nebula.CredentialNotFound,Nebula.Rotation.Module.Commands.ExportNebulaReportCommand", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.False(File.Exists(Target));
    }

    [Theory]
    [InlineData("20", 20, null)]
    [InlineData("'20'", 20, null)]
    [InlineData("30d", null, 30.0)]
    [InlineData("'12h'", null, 0.5)]
    [InlineData("([timespan]::FromDays(2))", null, 2.0)]
    public void Last_is_a_count_or_a_time(string given, int? count, double? days)
    {
        Export($"-Last {given}").ThrowIfFailed();
        var history = _scene.Service.Report!.History;
        Assert.Equal((count, days), (history.Count, history.Duration?.TotalDays));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("soon")]
    [InlineData("1.5")]
    public void Another_Last_is_refused(string given) =>
        Assert.IsAssignableFrom<ParameterBindingException>(Assert.Single(Export($"-Last {given}").Errors).Exception);

    [Fact]
    public void NoClobber_replaces_nothing_with_Force_too()
    {
        File.WriteAllText(Target, "old");
        foreach (var switches in new[] { "-NoClobber", "-NoClobber -Force" })
            Assert.StartsWith("Nebula.InvalidArgument,", Assert.Single(Export(switches).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Null(_scene.Service.Report);
    }

    [Fact]
    public void A_read_only_file_is_replaced_by_Force_alone()
    {
        File.WriteAllText(Target, "old");
        File.SetAttributes(Target, FileAttributes.ReadOnly);
        Assert.Contains("-Force", Assert.Single(Export("").Errors).ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Target));
        Export("-Force").ThrowIfFailed();
        Assert.StartsWith("<!DOCTYPE", File.ReadAllText(Target), StringComparison.Ordinal);
    }

    [Fact]
    public void A_replaced_file_keeps_its_rights_and_a_link_stays_one()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Rights and links are those of Unix.");
        if (OperatingSystem.IsWindows())
            return;
        File.WriteAllText(Target, "old");
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        File.SetUnixFileMode(Target, Mode);
        var link = Path.Combine(_folder.FullName, "link.html");
        File.CreateSymbolicLink(link, Target);
        _scene.Run($"Export-NebulaReport '{link}'").ThrowIfFailed();
        Assert.Equal(Target, File.ResolveLinkTarget(link, returnFinalTarget: false)!.FullName);
        Assert.StartsWith("<!DOCTYPE", File.ReadAllText(Target), StringComparison.Ordinal);
        Assert.Equal(Mode, File.GetUnixFileMode(Target));
    }

    [Fact]
    public void A_failure_of_the_engine_leaves_the_old_page()
    {
        File.WriteAllText(Target, "old");
        _scene.Service.Failures["RenderReport"] = new RotationException(RotationErrorCode.StoreUnavailable, "The store is gone.");
        Assert.StartsWith("Nebula.StoreUnavailable,", Assert.Single(Export("").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Target));
    }

    [Theory]
    [InlineData(".", "is a folder")]
    [InlineData("missing/report.html", "folder is not there")]
    public void A_path_that_is_none_says_why(string path, string reason)
    {
        var result = _scene.Run($"Export-NebulaReport '{Path.Combine(_folder.FullName, path)}'");
        Assert.Contains(reason, Assert.Single(result.Errors).ToString(), StringComparison.Ordinal);
    }

    private Hosting.RunResult Export(string arguments) => _scene.Run($"Export-NebulaReport '{Target}' {arguments}");

    private IEnumerable<string> Names() => _scene.Service.Report!.Credentials.Select(credential => credential.Name).Order(StringComparer.Ordinal);
}
