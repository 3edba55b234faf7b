using System.Diagnostics;
using CsCheck;
using Nebula.Rotation.Engine.Publishing;
using Nebula.Rotation.Engine.Publishing.Formats;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Publishing;

/// <summary>An option file as MySQL's own reader reads it.</summary>
public sealed class OptionFileTests
{
    private const int Values = 200;

    private static readonly Gen<string> Password = Gen.String[Gen.OneOf(Gen.Char["'\"\\#;=[] \tnrbs\u00e9"], Gen.Char['!', '~']), 1, 24];

    [Fact]
    public async Task My_print_defaults_reads_the_values_as_they_were_meant()
    {
        var ct = TestContext.Current.CancellationToken;
        var programs = await FindProgramsAsync(ct);
        List<string> passwords = [];
        await Draw.EachAsync(
            Password,
            Values,
            password =>
            {
                passwords.Add(password);
                return Task.CompletedTask;
            });
        var text = new MyCnfFormat().Write("[client]\n", new()
        {
            Target = new() { Kind = PublishTargetKind.MyCnf, Path = "/x" },
            Credential = new() { Name = "a", DatabaseType = DatabaseType.MySql, HostName = ["h"], Port = 1, Database = "", Username = "u" },
            Login = new("u", new("")),
            Entries = [.. passwords.Select((password, index) => new TargetEntry($"v{index}", PublishFormat.Password, password))],
        });
        var folder = Directory.CreateTempSubdirectory("nebula-options-");
        try
        {
            var file = Path.Combine(folder.FullName, "my.cnf");
            await File.WriteAllTextAsync(file, text, ct);
            // In the machine's own file system it needs its root's loader and libraries.
            var root = Path.GetFullPath(Path.Combine(programs, "../.."));
            var loader = Directory.GetDirectories(Path.Combine(root, "usr/lib")).SelectMany(libraries => Directory.GetFiles(libraries, "ld-linux*.so.*")).First(candidate => new FileInfo(candidate).LinkTarget is null);
            string[] command = ["--library-path", Path.GetDirectoryName(loader)!, Path.Combine(root, "usr/bin/my_print_defaults"), $"--defaults-file={file}", "--show", "client"];
            using var reader = Process.Start(new ProcessStartInfo(loader, command) { RedirectStandardOutput = true, StandardOutputEncoding = new System.Text.UTF8Encoding(false) })!;
            var output = await reader.StandardOutput.ReadToEndAsync(ct);
            await reader.WaitForExitAsync(ct);

            Assert.Equal(passwords.Select((password, index) => $"--v{index}={password}"), output.TrimEnd('\n').Split('\n'));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Task<string> FindProgramsAsync(CancellationToken ct) => ServerRequirement.OrSkip(
        () => OperatingSystem.IsLinux() ? SidRoot.FindOrMakeAsync("MySQL", "mysql-server-core", "usr/sbin", ct) : throw new ServerUnavailableException("MySQL", "its programs are Debian's."),
        Assert.Skip);
}
