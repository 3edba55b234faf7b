using Nebula.Rotation.Engine.Tests.Support;
using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Publish targets in the workflow: all of them name the live login, whatever happens.</summary>
public sealed class TargetTests
{
    [Fact]
    public async Task A_rotation_gives_the_new_login_to_every_target_before_the_store_names_it()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        var named = "";
        world.Observer.Publish = async context =>
        {
            files.AssertHold(context.Login, "model:1:app:app:" + World.AppPassword);
            named = (await world.LiveLoginAsync()).Username;
        };

        await world.RotateAsync();

        Assert.Equal("app", named);
        files.AssertHold(await world.LiveLoginAsync());
        Assert.Equal(4, world.Observer.Stages.Single(stage => stage.Stage == RotationStage.Publish).Details["Targets"]);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task While_the_old_login_drains_the_password_file_has_both()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);

        await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });

        files.AssertHold(await world.LiveLoginAsync(), "model:1:app:app:" + World.AppPassword);
        await world.Runner().ResumeAsync(World.Request, world.Observer, TestContext.Current.CancellationToken);
        files.AssertHold(await world.LiveLoginAsync());
    }

    [Fact]
    public async Task An_undo_gives_the_old_login_to_every_target_again()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        await world.RotateAsync(new() { Name = "app", RetainFor = TimeSpan.FromDays(1), GracePeriod = TimeSpan.Zero });

        await world.Runner().UndoAsync(World.Request, world.Observer, TestContext.Current.CancellationToken);

        files.AssertHold(new("app", new(World.AppPassword)));
        await world.AssertCleanAsync("a1");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_target_that_fails_leaves_all_of_them_as_they_were(int failing)
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        var calls = 0;
        var runner = world.Runner(what =>
        {
            if (what == "before target" && ++calls == failing)
                throw new RotationException(RotationErrorCode.PublishFailed, "The disk is full.");
        });

        var exception = await Assert.ThrowsAsync<RotationException>(() => runner.RotateAsync(World.Request, world.Observer, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.PublishFailed, exception.Code);
        Assert.Contains("The disk is full. Rolled back: 'app' is live", exception.Message, StringComparison.Ordinal);
        Assert.Equal(failing, calls);
        files.AssertAsBefore();
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_script_that_fails_after_the_targets_takes_them_back()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        world.Observer.Publish = context => context.IsRollback ? Task.CompletedTask : throw new InvalidOperationException("no");

        await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        files.AssertAsBefore();
    }

    [Fact]
    public async Task What_a_human_changed_meanwhile_is_kept_and_said()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        world.Observer.Publish = context =>
        {
            if (context.IsRollback)
                return Task.CompletedTask;
            File.AppendAllText(files.PathOf("app.env"), "ADDED=1\n");
            File.WriteAllText(files.PathOf("app.json"), "{ \"Db\": { \"User\": \"somebody\", \"Pw\": \"else\" } }");
            File.AppendAllText(files.PathOf("pgpass"), "# added\n");
            File.Delete(files.PathOf("new.env"));
            throw new InvalidOperationException("no");
        };

        await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal("# shop\nexport DB_USER=app\nDB_PASS=" + World.AppPassword + " # secret\nOTHER=\"x y\"\nADDED=1\n", files.Read("app.env"));
        Assert.Equal("{ \"Db\": { \"User\": \"somebody\", \"Pw\": \"else\" } }", files.Read("app.json"));
        Assert.Equal("# mine\nelse:1:app:app:x\nmodel:1:app:app:" + World.AppPassword + "\n*:*:*:*:last\n# added\n", files.Read("pgpass"));
        Assert.False(File.Exists(files.PathOf("new.env")));
        foreach (var name in new[] { "app.env", "app.json", "pgpass", "new.env" })
            Assert.Contains(world.Observer.Messages, message => message.Kind == RotationMessageKind.Warning && message.Text.Contains(files.PathOf(name), StringComparison.Ordinal));
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_target_that_cannot_be_put_back_keeps_the_record_open_and_the_others_are_put_back()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        world.Observer.Publish = context =>
        {
            if (context.IsRollback)
                return Task.CompletedTask;
            File.WriteAllText(files.PathOf("app.json"), "no JSON at all");
            throw new InvalidOperationException("no");
        };

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.RollbackFailed, exception.Code);
        Assert.Contains("is no JSON: line 1", exception.Message, StringComparison.Ordinal);
        Assert.Contains("DB_USER=app\n", files.Read("app.env"), StringComparison.Ordinal);
        Assert.False(File.Exists(files.PathOf("new.env")));
        await world.AssertInvariantAsync("a1");

        File.WriteAllText(files.PathOf("app.json"), "{ \"Db\": { \"User\": \"app\", \"Pw\": \"" + World.AppPassword + "\" } }");
        world.Observer.Publish = _ => Task.CompletedTask;
        var resumed = await world.Runner().ResumeAsync(World.Request, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal(RotationState.RolledBack, resumed.State);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task Targets_that_cannot_be_written_are_named_before_anything_is_touched()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        File.WriteAllText(files.PathOf("app.json"), "{ \"Db\": 1 }");
        UnixMode.Set(files.PathOf("app.env"), UnixMode.OwnerOnly | UnixFileMode.OtherRead);
        UnixMode.Set(files.PathOf("pgpass"), UnixMode.OwnerOnly | UnixFileMode.GroupRead);

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.RotateAsync());

        Assert.Equal(RotationErrorCode.PlanBlocked, exception.Code);
        Assert.Contains("app.json' takes no 'Db:User'", exception.Message, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Contains("Everybody can reach", exception.Message, StringComparison.Ordinal);
            Assert.Contains("readers ignore such a file", exception.Message, StringComparison.Ordinal);
        }

        Assert.Null(await world.LastRotationAsync());
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task A_target_that_holds_another_login_is_warned_of_and_given_the_new_one()
    {
        await using var world = await World.CreateAsync("a1");
        var files = await TargetFiles.GiveAsync(world);
        File.WriteAllText(files.PathOf("app.env"), files.Read("app.env").Replace("DB_USER=app", "DB_USER=who", StringComparison.Ordinal));

        await world.RotateAsync();

        Assert.Contains(world.Observer.Messages, message => message.Text.Contains("app.env does not hold 'app', which is live", StringComparison.Ordinal));
        files.AssertHold(await world.LiveLoginAsync());
    }

    [Fact]
    public async Task A_rotation_may_die_at_any_call_and_every_target_names_a_login_that_works()
    {
        var died = await EverywhereAsync(
            prepare: async world => (await TargetFiles.GiveAsync(world)).Keep(),
            work: (world, touch) => world.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None),
            assert: AssertTargetsAsync,
            invariant: world =>
            {
                TargetFiles.Of(world).AssertUsable(world);
                return Task.CompletedTask;
            });

        Assert.Equal(4, died.Count(where => where == "before target"));
        Assert.Equal(4, died.Count(where => where == "after target"));
        Assert.Equal(4, died.Count(where => where == "before target forgets"));
    }

    [Fact]
    public async Task A_resume_that_takes_targets_back_may_die_at_any_call_too()
    {
        var died = await EverywhereAsync(
            prepare: async world =>
            {
                (await TargetFiles.GiveAsync(world)).Keep();
                var isDead = false;
                await DieAsync(
                    world,
                    touch: what =>
                    {
                        if (isDead |= what == "before publish")
                            throw new DiedException();
                    },
                    (touched, touch) => touched.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None));
                TargetFiles.Of(world).AssertUsable(world);
            },
            work: (world, touch) => world.Runner(touch).ResumeAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: world => world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None),
            assert: AssertTargetsAsync,
            invariant: world =>
            {
                TargetFiles.Of(world).AssertUsable(world);
                return Task.CompletedTask;
            });

        Assert.Equal(4, died.Count(where => where == "before target back"));
    }

    [Fact]
    public async Task A_rotation_that_a_script_published_is_not_taken_back_without_one()
    {
        await using var world = await World.CreateAsync("a1");
        List<string> told = [];
        Task Publish(PublishContext context)
        {
            told.Add(context.Login.Username);
            return Task.CompletedTask;
        }

        var isDead = false;
        await DieAsync(
            world,
            touch: what =>
            {
                if (isDead |= what == "before publish")
                    throw new DiedException();
            },
            (touched, touch) => touched.Runner(touch).RotateAsync(Request, new RecordingObserver { Publish = Publish }, CancellationToken.None));
        var name = (await world.LastRotationAsync())!.NewUsername;

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.Runner().ResumeAsync(Request, new RecordingObserver(), TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.PublishFailed, exception.Code);
        Assert.Contains("the same -Publish script", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Contains(name, world.Server.Names);
        Assert.Equal(RotationState.Running, (await world.LastRotationAsync())!.State);
        await world.Runner().ResumeAsync(Request, new RecordingObserver { Publish = Publish }, TestContext.Current.CancellationToken);
        Assert.Equal([name, "app"], told);
        await world.AssertCleanAsync("a1");
    }

    [Fact]
    public async Task An_undo_of_a_rotation_that_a_script_published_asks_for_the_script()
    {
        await using var world = await World.CreateAsync("a1");
        world.Observer.Publish = _ => Task.CompletedTask;
        await world.RotateAsync(new() { Name = "app", RetainFor = TimeSpan.FromDays(1), GracePeriod = TimeSpan.Zero });
        var live = await world.LiveLoginAsync();

        var exception = await Assert.ThrowsAsync<RotationException>(() => world.Runner().UndoAsync(World.Request, new RecordingObserver(), TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.PublishFailed, exception.Code);
        Assert.Equal(live.Username, (await world.LiveLoginAsync()).Username);
        await world.Runner().UndoAsync(World.Request, world.Observer, TestContext.Current.CancellationToken);
        Assert.Equal("app", (await world.LiveLoginAsync()).Username);
    }

    private static async Task AssertTargetsAsync(World world)
    {
        await world.AssertCleanAsync(Facts);
        var live = await world.LiveLoginAsync();
        var files = TargetFiles.Of(world);
        if (live.Username == "app")
            files.AssertAsBefore();
        else
            files.AssertHold(live);
    }
}
