using System.Diagnostics;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Engine.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>
/// The store and the database disagree: one of them was restored from a backup, or somebody was at work by hand. A rotation and a test say so and touch nothing,
/// and the command that they name mends it.
/// </summary>
public sealed class DisagreementTests
{
    private static readonly string[] Facts = ["a1", "a2", "o1"];

    private static readonly RotationRequest Request = new() { Name = "app", GracePeriod = TimeSpan.Zero };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_password_that_was_changed_by_hand_is_given_to_the_store()
    {
        await using var world = await World.CreateAsync(Facts);
        world.Server.Commit([("password|app", "by-hand")]);

        var action = await AssertFoundAsync(world, "does not take the password");
        Assert.Contains("Set-NebulaDbCredential -Name 'app' -Credential (Get-Credential 'app')", action, StringComparison.Ordinal);

        await SetLoginAsync(world, "app", "by-hand");
        await AssertMendedAsync(world);
    }

    [Fact]
    public async Task A_login_that_was_dropped_by_hand_is_made_again_or_another_is_given_to_the_store()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Commit([("drop|app", null)]);

        var action = await AssertFoundAsync(world, "has no such login any more");
        Assert.Contains("Set-NebulaDbCredential -Name 'app' -Credential", action, StringComparison.Ordinal);

        world.Server.Add("another", "made-by-hand", ModelPlanner.Fact("a1"));
        await SetLoginAsync(world, "another", "made-by-hand");
        await AssertMendedAsync(world, "a1");
    }

    [Fact]
    public async Task A_login_that_was_disabled_by_hand_is_enabled_by_the_statement_that_is_named()
    {
        await using var world = await World.CreateAsync(Facts);
        world.Server.Commit([("block|app", null)]);

        var action = await AssertFoundAsync(world, "is there and disabled");
        world.Server.Commit([(action[(action.IndexOf("enable it: ", StringComparison.Ordinal) + 11)..], null)]);
        await AssertMendedAsync(world);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_database_from_before_the_rotation_is_followed_by_an_undo(bool isDraining, bool isRetained)
    {
        await using var world = await World.CreateAsync(Facts);
        var record = await world.RotateAsync(new()
        {
            Name = "app", GracePeriod = TimeSpan.Zero, NoWait = isDraining, RetainFor = isRetained ? TimeSpan.FromDays(1) : null,
        });
        Restore(world, record.NewUsername);

        var action = await AssertFoundAsync(world, "'app', which it took the place of, logs in");
        Assert.Contains("Undo-NebulaRotation -Name 'app'", action, StringComparison.Ordinal);
        if (isDraining)
        {
            // Going forward would take the one login away that works.
            var refused = await Assert.ThrowsAsync<RotationException>(() => world.Runner().ResumeAsync(Request, world.Observer, Ct));
            Assert.Equal(RotationErrorCode.StoreDatabaseMismatch, refused.Code);
            Assert.Contains("Undo-NebulaRotation", refused.RecommendedAction, StringComparison.Ordinal);
            Assert.True(world.Server.LogsIn("app", World.AppPassword));
        }

        var undone = await world.Runner().UndoAsync(Request, world.Observer, Ct);
        Assert.Equal(RotationState.Completed, undone.State);
        Assert.Equal(("app", World.AppPassword), ((await world.LiveLoginAsync()).Username, (await world.LiveLoginAsync()).Password.Reveal()));
        await world.AssertCleanAsync(Facts);
        await AssertMendedAsync(world);
    }

    [Fact]
    public async Task A_store_from_before_the_rotation_names_the_login_that_it_does_not_know()
    {
        await using var world = await World.CreateAsync(Facts);
        using var backup = new Backup(world);
        var record = await world.RotateAsync(Request);
        await using var old = await backup.OpenAsync();

        var result = Assert.Single(await old.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Ct));
        Assert.Contains($"The server has '{record.NewUsername}'", result.Message, StringComparison.Ordinal);
        Assert.Contains("newest copy of the store", result.RecommendedAction, StringComparison.Ordinal);
        Assert.Contains($"(Get-Credential '{record.NewUsername}')", result.RecommendedAction, StringComparison.Ordinal);
        var before = world.Server.Describe();
        var exception = await Assert.ThrowsAsync<RotationException>(() => old.Service.RotateAsync(Request, world.Observer, Ct));
        Assert.Equal(RotationErrorCode.StoreDatabaseMismatch, exception.Code);
        Assert.Equal(before, world.Server.Describe());

        await old.Service.ChangeAsync("app", DatabaseCredential.DefaultScope, new() { Apply = same => same, Login = await world.LiveLoginAsync() }, Ct);
        Assert.Equal(RotationState.Completed, (await old.Service.RotateAsync(Request, world.Observer, Ct)).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_from_the_midst_of_a_rotation_goes_forward_and_does_not_drop_the_one_login_that_works(bool rotates)
    {
        await using var world = await World.CreateAsync(Facts);
        Backup? backup = null;
        var record = await world.Runner(what =>
        {
            if (what == "before publish")
                backup ??= new Backup(world);
        }).RotateAsync(Request, world.Observer, Ct);
        using var copy = backup!;
        await using var old = await copy.OpenAsync();
        world.Time.Advance(TimeSpan.FromMinutes(5));

        var result = Assert.Single(await old.Service.TestAsync("app", DatabaseCredential.DefaultScope, null, Ct));
        Assert.Contains("Resume-NebulaRotation -Name 'app'", result.RecommendedAction, StringComparison.Ordinal);
        var observer = new RecordingObserver();
        var finished = rotates ? await old.Service.RotateAsync(Request, observer, Ct) : await old.Service.ResumeAsync(Request, observer, Ct);

        Assert.Equal((record.RotationId, RotationState.Completed), (finished.RotationId, finished.State));
        Assert.Contains(observer.Messages, message => message.Text.Contains("going forward to that one", StringComparison.Ordinal));
        Assert.Equal(record.NewUsername, (await old.Service.GetLoginAsync("app", DatabaseCredential.DefaultScope, Ct)).Username);
        await world.AssertCleanAsync(Facts);
    }

    [Fact]
    public async Task An_old_login_that_is_dropped_in_the_midst_of_a_rotation_takes_nothing_of_the_new_one_with_it()
    {
        await using var world = await World.CreateAsync("a1", "a2");
        var dropped = false;
        var runner = world.Runner(what =>
        {
            if (what != "after commit" || dropped)
                return;
            dropped = true;
            world.Server.Commit([("drop|app", null)]);
        });
        var exception = await Assert.ThrowsAsync<RotationException>(() => runner.RotateAsync(new() { Name = "app", VerifyQuery = "fails" }, world.Observer, Ct));

        Assert.Equal(RotationErrorCode.RollbackFailed, exception.Code);
        Assert.Contains("without it nobody could log in", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Resume-NebulaRotation", exception.RecommendedAction, StringComparison.Ordinal);
        var finished = await world.Runner().ResumeAsync(Request, world.Observer, Ct);
        Assert.Equal(RotationState.Completed, finished.State);
        Assert.Equal(finished.NewUsername, (await world.LiveLoginAsync()).Username);
        await world.AssertInvariantAsync("a1", "a2");
    }

    [Fact]
    public async Task A_retained_login_is_not_dropped_while_the_live_one_is_refused()
    {
        await using var world = await World.CreateAsync("a1");
        var record = await world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) });
        world.Server.Commit([($"drop|{record.NewUsername}", null)]);
        world.Time.Advance(TimeSpan.FromDays(2));

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.Runner().ResumeAsync(Request, world.Observer, Ct));
        Assert.Equal(RotationErrorCode.StoreDatabaseMismatch, exception.Code);
        Assert.Contains("app", world.Server.Names);
    }

    [Fact]
    public async Task Where_no_admin_can_look_it_is_said_and_the_command_is_named_all_the_same()
    {
        await using var world = await World.CreateAsync("a1");
        world.Server.Commit([("password|app", "by-hand"), ("password|postgres", "by-hand, too")]);

        var result = Assert.Single(await new RotationService(world.Services()).TestAsync("app", DatabaseCredential.DefaultScope, null, Ct));
        Assert.Contains("could not be looked up", result.Message, StringComparison.Ordinal);
        Assert.Contains("Set-NebulaDbCredential -Name 'app' -Credential", result.RecommendedAction, StringComparison.Ordinal);
    }

    /// <summary>Found by a test and by a rotation, which touches nothing; gives the command.</summary>
    private static async Task<string> AssertFoundAsync(World world, string found)
    {
        var before = world.Server.Describe();
        var records = await world.Store.ListRotationsAsync(new(), Ct);
        var result = Assert.Single(await new RotationService(world.Services()).TestAsync("app", DatabaseCredential.DefaultScope, null, Ct));
        Assert.Equal((false, RotationErrorCode.StoreDatabaseMismatch), (result.Succeeded, result.ErrorCode));
        Assert.Contains(found, result.Message, StringComparison.Ordinal);
        Assert.Contains(result.RecommendedAction!, result.Message, StringComparison.Ordinal);
        if (records.All(record => record.State != RotationState.Draining))
        {
            var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync(Request));
            Assert.Equal(RotationErrorCode.StoreDatabaseMismatch, exception.Code);
            Assert.Contains(found, exception.Message, StringComparison.Ordinal);
            Assert.Equal($"Nothing was changed. {result.RecommendedAction}", exception.RecommendedAction);
        }

        Assert.Equal(before, world.Server.Describe());
        Assert.Equal(records.Count, (await world.Store.ListRotationsAsync(new(), Ct)).Count);
        return result.RecommendedAction!;
    }

    private static async Task AssertMendedAsync(World world, params string[] facts)
    {
        var result = Assert.Single(await new RotationService(world.Services()).TestAsync("app", DatabaseCredential.DefaultScope, null, Ct));
        Assert.True(result.Succeeded, result.Message);
        Assert.Equal(RotationState.Completed, (await world.RotateAsync(Request)).State);
        await world.AssertCleanAsync(facts.Length > 0 ? facts : Facts);
    }

    private static async Task SetLoginAsync(World world, string username, string password) => await new RotationService(world.Services()).ChangeAsync(
        "app", DatabaseCredential.DefaultScope, new() { Apply = same => same, Login = new(username, new(password)) }, Ct);

    /// <summary>The database is what it was before the rotation.</summary>
    private static void Restore(World world, string made)
    {
        foreach (var fact in world.Server[made].Facts)
            world.Server.Revoke(made, fact);
        world.Server.Commit([($"drop|{made}", null)]);
        world.Server.Add("app", World.AppPassword, [.. Facts.Select(ModelPlanner.Fact)]);
    }

    /// <summary>A copy of the store's folder, as another process makes one, and a service over it.</summary>
    private sealed class Backup : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly World _world;

        public Backup(World world)
        {
            _world = world;
            using var process = Process.Start("cp", ["-a", world.Folder + "/.", _folder.Path]);
            process.WaitForExit();
        }

        public async Task<Opened> OpenAsync()
        {
            var store = await SqliteCredentialStore.OpenAsync(_folder.File("store.db"), new KeyFileProvider(), _world.Time, createIfMissing: false, CancellationToken.None);
            return new(store, new RotationService(_world.Services() with { Store = store }));
        }

        public void Dispose() => _folder.Dispose();
    }

    private sealed record Opened(ICredentialStore Store, RotationService Service) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Service.DisposeAsync();
    }
}
