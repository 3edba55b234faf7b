using System.Diagnostics;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.Publishing;

/// <summary>Files as their readers read them: libpq's own password file, a .env file in a shell.</summary>
public sealed class FileTargetTests(SharedPostgres postgres) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-targets-");

    private string PgPass => Path.Combine(_folder.FullName, "pgpass");

    private string Env => Path.Combine(_folder.FullName, "app.env");

    [Fact]
    public async Task Psql_logs_in_by_the_files_before_during_and_after_a_rotation_and_its_undo()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var old = await scene.LiveAsync();
        var target = await scene.Service.ChangeAsync("app", DatabaseCredential.DefaultScope, Add(
            new PublishTarget { Id = Guid.NewGuid(), Kind = PublishTargetKind.PgPass, Path = PgPass },
            new PublishTarget { Id = Guid.NewGuid(), Kind = PublishTargetKind.EnvFile, Path = Env, Entries = new Dictionary<string, PublishFormat> { ["DATABASE_URL"] = PublishFormat.Uri } }), Scene.Ct);
        Assert.Equal(2, target.PublishTargets.Count);

        await scene.RotateAsync(Scene.Request(noWait: true));
        var live = await scene.LiveAsync();
        Assert.Equal(live.Username, await ByEnvAsync(scene));
        Assert.Equal(live.Username, await ByPgPassAsync(scene, live.Username));

        Assert.Equal(RotationState.Completed, (await scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
        Assert.Equal(old.Username, await ByEnvAsync(scene));
        Assert.Equal(old.Username, await ByPgPassAsync(scene, old.Username));
        Assert.Equal("", await ByPgPassAsync(scene, live.Username));

        var last = await scene.RotateAsync();
        Assert.Equal(last.NewUsername, await ByEnvAsync(scene));
        Assert.Equal(last.NewUsername, await ByPgPassAsync(scene, last.NewUsername));
        Assert.Single((await File.ReadAllTextAsync(PgPass, Scene.Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(Assert.Single(await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct)).StaleTargets!);
    }

    [Fact]
    public async Task A_file_that_somebody_changed_is_seen_by_the_test_of_the_credential()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        await scene.Service.ChangeAsync("app", DatabaseCredential.DefaultScope, Add(
            new PublishTarget { Id = Guid.NewGuid(), Kind = PublishTargetKind.EnvFile, Path = Env, Entries = new Dictionary<string, PublishFormat> { ["U"] = PublishFormat.Username } }), Scene.Ct);
        await scene.RotateAsync();
        await File.WriteAllTextAsync(Env, "U=somebody\n", Scene.Ct);

        var result = Assert.Single(await scene.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Scene.Ct));

        Assert.True(result.Succeeded);
        Assert.Equal(Env, Assert.Single(result.StaleTargets!).Path);
        Assert.Contains("app.env holds another login.", result.Message, StringComparison.Ordinal);
        var plan = await scene.Service.PlanAsync(Scene.Request(), Scene.Ct);
        Assert.True(plan.CanRotate);
        Assert.Contains(plan.Warnings, warning => warning.Contains("app.env does not hold", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_target_that_cannot_be_written_is_not_stored_and_one_that_no_longer_can_blocks_the_plan()
    {
        await using var scene = await Scene.CreateAsync(postgres);
        var change = Add(new PublishTarget { Id = Guid.NewGuid(), Kind = PublishTargetKind.JsonFile, Path = Path.Combine(_folder.FullName, "none", "a.json"), Entries = new Dictionary<string, PublishFormat> { ["A"] = PublishFormat.Uri } });

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.Service.ChangeAsync("app", DatabaseCredential.DefaultScope, change, Scene.Ct));
        Assert.Contains("does not exist", exception.Message, StringComparison.Ordinal);
        Assert.Contains("-SkipCheck", exception.RecommendedAction, StringComparison.Ordinal);

        await scene.Service.ChangeAsync("app", DatabaseCredential.DefaultScope, new() { Apply = change.Apply, SkipTargetCheck = true }, Scene.Ct);
        var plan = await scene.Service.PlanAsync(Scene.Request(), Scene.Ct);
        Assert.False(plan.CanRotate);
        Assert.Equal(PublishTargetKind.JsonFile, Assert.Single(plan.PublishTargets).Kind);
        Assert.Contains(plan.Blockers, blocker => blocker.Reason.Contains("does not exist", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static CredentialChange Add(params PublishTarget[] targets) => new() { Apply = credential => credential with { PublishTargets = [.. credential.PublishTargets, .. targets] } };

    /// <summary>Who psql is with this password file; empty when it is refused.</summary>
    private async Task<string> ByPgPassAsync(Scene scene, string username) => await PsqlAsync(
        scene, "-h", scene.Database.Server.Host, "-p", $"{scene.Database.Server.Port}", "-U", username, "-d", scene.Database.Name);

    /// <summary>Who psql is with what a shell reads from the .env file.</summary>
    private async Task<string> ByEnvAsync(Scene scene)
    {
        var url = await RunAsync("/bin/sh", ["-euc", ". \"$0\"; printf %s \"$DATABASE_URL\"", Env]);
        return await PsqlAsync(scene, "-d", url);
    }

    private Task<string> PsqlAsync(Scene scene, params string[] arguments) =>
        RunAsync(Path.Combine(scene.Database.Server.ProgramFolder, "psql"), ["--no-psqlrc", "--no-password", "-Atc", "SELECT current_user", .. arguments]);

    private async Task<string> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["PGPASSFILE"] = PgPass } };
        start.Environment.Remove("PGPASSWORD");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Scene.Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Scene.Ct);
        await process.WaitForExitAsync(Scene.Ct);
        TestContext.Current.TestOutputHelper?.WriteLine(await error);
        return output.TrimEnd('\n');
    }
}
