using Nebula.Rotation.Engine.Publishing.Files;
using Nebula.Rotation.Engine.Publishing.Formats;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.Publishing;

/// <summary>A PgBouncer in transaction mode that knows its users from a file: the application comes through it, and a rotation writes the file.</summary>
public sealed class UserListTests(SharedPostgres postgres)
{
    private const string OldPassword = "Old-\"Password\".1";
    private const string ConsoleUser = "console";
    private const string ConsolePassword = "Console \"Password\" é";

    [Fact]
    public async Task Rotations_and_an_undo_fail_no_query_that_comes_through_the_bouncer()
    {
        await using var stage = await Stage.CreateAsync(postgres);
        await stage.AddTargetAsync(console: true);
        var old = await stage.Scene.LiveAsync();
        await using (var traffic = new Traffic(stage.Scene, connect: stage.ConnectAsync))
        {
            await traffic.FlowsAsync(30);
            var first = await stage.Scene.RotateAsync();
            Assert.Equal(RotationState.Completed, first.State);
            await traffic.FlowsAsync(30);
            Assert.Equal([first.NewUsername], stage.Users());

            var draining = await stage.Scene.RotateAsync(Scene.Request(noWait: true));
            await traffic.FlowsAsync(30);
            Assert.Equal(new[] { first.NewUsername, draining.NewUsername }.Order(), stage.Users().Order());

            Assert.Equal(RotationState.Completed, (await stage.Scene.Service.UndoAsync(Scene.Request(), new Observer(), Scene.Ct)).State);
            await traffic.FlowsAsync(30);
            Assert.Empty(traffic.Failures);
            Assert.True(traffic.Queries > 120);
            Assert.Equal([first.NewUsername], stage.Users());
        }

        // What the server keeps, and never the password.
        Assert.StartsWith("SCRAM-SHA-256$", UserListFormat.Read(await File.ReadAllTextAsync(stage.Bouncer.UserListPath, Scene.Ct)).First(user => user.User.StartsWith("app_", StringComparison.Ordinal)).Secret, StringComparison.Ordinal);
        await Assert.ThrowsAsync<PostgresException>(() => stage.ConnectAsync(old));
    }

    [Fact]
    public async Task A_reload_command_does_as_well_as_the_console()
    {
        await using var stage = await Stage.CreateAsync(postgres);
        await stage.AddTargetAsync(console: false);
        await using var traffic = new Traffic(stage.Scene, connect: stage.ConnectAsync);
        await traffic.FlowsAsync(15);

        var record = await stage.Scene.RotateAsync();

        await traffic.FlowsAsync(15);
        Assert.Empty(traffic.Failures);
        Assert.Equal([record.NewUsername], stage.Users());
    }

    [Fact]
    public async Task A_bouncer_that_does_not_let_the_new_login_in_fails_the_rotation_and_the_list_is_as_before()
    {
        await using var stage = await Stage.CreateAsync(postgres);
        // It ends with 0 and tells nobody.
        await stage.AddTargetAsync(console: false, reload: ["/bin/true"], option: ("Database", "no_such_database"));
        var before = await File.ReadAllBytesAsync(stage.Bouncer.UserListPath, Scene.Ct);
        using var stop = new CancellationTokenSource();
        var rotation = stage.Scene.Service.RotateAsync(
            Scene.Request(),
            new Observer
            {
                Progressed = progress =>
                {
                    if (progress.Stage == RotationStage.Publish && progress.Activity.Contains("userlist", StringComparison.Ordinal))
                        stop.CancelAfter(TimeSpan.FromSeconds(2));
                },
            },
            stop.Token);

        var exception = await Assert.ThrowsAsync<RotationException>(() => rotation);

        Assert.Equal(RotationErrorCode.Stopped, exception.Code);
        Assert.Equal(before, await File.ReadAllBytesAsync(stage.Bouncer.UserListPath, Scene.Ct));
        Assert.Equal([stage.Scene.OldLogin], await stage.Scene.LoginsAsync());
        await using var connection = await stage.ConnectAsync(await stage.Scene.LiveAsync());
    }

    [Theory]
    [InlineData("wrong password", "refused")]
    [InlineData(null, "no credential 'console'")]
    public async Task A_console_that_cannot_be_used_is_named_before_anything_is_touched(string? password, string reason)
    {
        await using var stage = await Stage.CreateAsync(postgres);
        if (password is not null)
            await stage.AddConsoleAsync(password);

        var exception = await Assert.ThrowsAsync<RotationException>(() => stage.AddTargetAsync(console: true, addConsole: false));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong password", exception.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A scene behind a bouncer with a file of users, which belongs to the bouncer's account alone.</summary>
    private sealed class Stage : IAsyncDisposable
    {
        private Stage(Scene scene, PgBouncerServer bouncer)
        {
            Scene = scene;
            Bouncer = bouncer;
        }

        public Scene Scene { get; }

        public PgBouncerServer Bouncer { get; }

        public static async Task<Stage> CreateAsync(SharedPostgres postgres)
        {
            var server = await postgres.ServerAsync();
            var options = new PgBouncerServerOptions(server)
            {
                Authentication = PgBouncerAuthentication.UserList,
                Settings = new Dictionary<string, string> { ["admin_users"] = $"bouncer_admin,{ConsoleUser}" },
            };
            var bouncer = await ServerRequirement.OrSkip(() => PgBouncerServer.StartAsync(options, Scene.Ct), Assert.Skip);
            try
            {
                var scene = await Scene.CreateAsync(server, password: OldPassword, change: async credential =>
                {
                    await bouncer.WriteUserListAsync(new Dictionary<string, string> { [credential.Username] = OldPassword, [ConsoleUser] = ConsolePassword }, Scene.Ct);
                    GiveToBouncer(bouncer.UserListPath);
                    await bouncer.ReloadAsync(Scene.Ct);
                    return credential with
                    {
                        HostName = [bouncer.Host],
                        Port = bouncer.Port,
                        Option = new Dictionary<string, string> { ["AdminHostName"] = server.Host, ["AdminPort"] = $"{server.Port}" },
                    };
                });
                return new(scene, bouncer);
            }
            catch
            {
                await bouncer.DisposeAsync();
                throw;
            }
        }

        public Task<NpgsqlConnection> ConnectAsync(Login login) => Bouncer.OpenAsync(Scene.Database.Name, login.Username, login.Password.Reveal(), Scene.Ct);

        /// <summary>The application's users in the list.</summary>
        public IEnumerable<string> Users() =>
            UserListFormat.Read(File.ReadAllText(Bouncer.UserListPath)).Select(user => user.User).Where(user => user == Scene.OldLogin || user.StartsWith("app_", StringComparison.Ordinal));

        public async Task AddConsoleAsync(string password) => await Scene.Service.AddAsync(
            new()
            {
                Credential = Scene.Credential with { Name = "console", Username = ConsoleUser, Database = "pgbouncer", Option = new Dictionary<string, string>() },
                Login = new(ConsoleUser, new(password)),
                SkipCheck = true,
            },
            Scene.Ct);

        public async Task AddTargetAsync(bool console, bool addConsole = true, string[]? reload = null, (string Name, string Value)? option = null)
        {
            if (console && addConsole)
                await AddConsoleAsync(ConsolePassword);
            var options = new Dictionary<string, string>();
            if (console)
                options["ConsoleCredential"] = "console";
            if (option is { } one)
                options[one.Name] = one.Value;
            await Scene.Service.ChangeAsync(
                "app",
                DatabaseCredential.DefaultScope,
                new()
                {
                    Apply = credential => credential with
                    {
                        PublishTargets =
                        [
                            new()
                            {
                                Id = Guid.NewGuid(),
                                Kind = PublishTargetKind.PgBouncerUserList,
                                Path = Bouncer.UserListPath,
                                Arguments = console ? [] : reload ?? ["/bin/kill", "-HUP", $"{Bouncer.ProcessId}"],
                                Options = options,
                            },
                        ],
                    },
                },
                Scene.Ct);
        }

        public async ValueTask DisposeAsync()
        {
            await Scene.DisposeAsync();
            await Bouncer.DisposeAsync();
        }

        private static void GiveToBouncer(string path)
        {
            if (NativeFile.Stat(Path.GetDirectoryName(path)!) is { } folder)
            {
                using var file = File.OpenRead(path);
                NativeFile.SetOwner(file.SafeFileHandle, folder.Owner, folder.Group);
            }

            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
