using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Nebula.Rotation.Pooling.Tests.Databases;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Pooling.Tests.Samples;

/// <summary>The sample in Python, as a program of its own, while the login in its file is rotated.</summary>
public sealed class PythonWorkerTests(PostgreSqlDatabase database)
{
    private const int Rotations = 3;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_that_reads_its_file_again_works_on_through_rotations()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGTERM, and a file's mode");
        var python = await ServerRequirement.OrSkip(
            () => PythonSetup.EnsureAsync(["psycopg2", "dotenv"], ["python3-psycopg2", "python3-dotenv"], Cancellation), Assert.Skip);
        var (service, store) = await database.NewStoreAsync("orders");
        await using var _ = service;
        var file = Path.Combine(Path.GetDirectoryName(store)!, ".env");
        var login = await service.GetLoginAsync("orders", DatabaseCredential.DefaultScope, Cancellation);
        var credential = Assert.Single(await service.FindAsync(new CredentialFilter(), Cancellation));
        await File.WriteAllTextAsync(
            file,
            $"DB_HOST={credential.HostName[0]}\nDB_PORT={credential.Port}\nDB_NAME={credential.Database}\nDB_USER={login.Username}\nDB_PASSWORD={login.Password.Reveal()}\n",
            Cancellation);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await service.ChangeAsync(
            "orders",
            DatabaseCredential.DefaultScope,
            new CredentialChange
            {
                Apply = before => before with
                {
                    PublishTargets =
                    [
                        new PublishTarget
                        {
                            Id = Guid.NewGuid(),
                            Kind = PublishTargetKind.EnvFile,
                            Path = file,
                            Entries = new Dictionary<string, PublishFormat> { ["DB_USER"] = PublishFormat.Username, ["DB_PASSWORD"] = PublishFormat.Password },
                        },
                    ],
                },
            },
            Cancellation);

        using var worker = Process.Start(new ProcessStartInfo(python, [Script, file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            var errors = worker.StandardError.ReadToEndAsync(Cancellation);
            Assert.Equal("ready", await worker.StandardOutput.ReadLineAsync(Cancellation));
            List<string> logins = [login.Username];
            for (var rotation = 0; rotation < Rotations; rotation++)
            {
                var record = await service.RotateAsync(
                    new RotationRequest { Name = "orders", GracePeriod = TimeSpan.FromMilliseconds(300), DrainTimeout = Eventually.Limit }, new PoolPublisher([]), Cancellation);
                // The old login was dropped: the worker had left it by itself.
                Assert.Equal(RotationState.Completed, record.State);
                logins.Add(record.NewUsername);
            }

            using (var kill = Process.Start("kill", ["-TERM", worker.Id.ToString(CultureInfo.InvariantCulture)]))
                await kill.WaitForExitAsync(Cancellation);
            var said = await worker.StandardOutput.ReadToEndAsync(Cancellation);
            await worker.WaitForExitAsync(Cancellation);
            Assert.True(said.TrimEnd().EndsWith(string.Create(CultureInfo.InvariantCulture, $"failed: 0, logins: {string.Join(' ', logins)}"), StringComparison.Ordinal), $"{said}\n{await errors}");
        }
        finally
        {
            if (!worker.HasExited)
                worker.Kill();
        }
    }

    private static string Script
    {
        get
        {
            var folder = new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
            while (!File.Exists(Path.Combine(folder.FullName, "Nebula.Rotation.sln")))
                folder = folder.Parent ?? throw new InvalidOperationException("The solution is in no folder above the tests.");
            return Path.Combine(folder.FullName, "samples", "python-dotenv", "worker.py");
        }
    }
}
