namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>Each row of <see cref="UndoTable"/> on the model, however the stage ends.</summary>
public sealed class UndoTableTests
{
    private static readonly string[] Facts = ["a1", "a2", "o1", "o2"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<RotationStage, Ending, RotationStrategy> BeforeTheFlip
    {
        get
        {
            var rows = new TheoryData<RotationStage, Ending, RotationStrategy>();
            foreach (var (stage, undoneBy) in UndoTable.Rows.Where(static row => row.UndoneBy is UndoTable.Nothing or UndoTable.DropNew or UndoTable.TargetsBack))
            {
                foreach (var ending in Enum.GetValues<Ending>())
                {
                    foreach (var strategy in Enum.GetValues<RotationStrategy>())
                    {
                        // With one name there is nothing to clone.
                        if (strategy != RotationStrategy.DualPassword || stage != RotationStage.ClonePermissions)
                            rows.Add(stage, ending, strategy);
                    }
                }
            }

            return rows;
        }
    }

    [Fact]
    public void The_table_is_the_documents()
    {
        var documented = UndoTable.Documented();
        Assert.SkipWhen(documented is null, "docs/architecture.md is not beside these tests");

        Assert.Equal(UndoTable.Rows.Select(static row => (row.Stage.ToString(), row.UndoneBy)), documented);
        Assert.Equal(Enum.GetValues<RotationStage>().Where(static stage => stage <= RotationStage.Complete), UndoTable.Rows.Select(static row => row.Stage));
    }

    [Theory]
    [MemberData(nameof(BeforeTheFlip))]
    public async Task The_way_back_before_the_flip_leaves_everything_as_it_was(RotationStage stage, Ending ending, RotationStrategy strategy)
    {
        await using var world = await World.CreateAsync(Facts);
        await world.ChangeAsync(credential => credential with { Strategy = strategy });
        var files = await TargetFiles.GiveAsync(world);
        var before = Image(world);
        using var interruption = new Interruption(stage, ending, world);

        await Assert.ThrowsAnyAsync<Exception>(() => world.Runner(interruption.Touch).RotateAsync(Deaths.Request, world.Observer, interruption.Stop));
        Assert.True(interruption.Happened, "the stage was not met");
        interruption.Leave();
        if (ending == Ending.Dies && await world.LastRotationAsync() is not null)
        {
            world.Time.Advance(TimeSpan.FromMinutes(5));
            await world.Runner().ResumeAsync(new() { Name = "app" }, world.Observer, Ct);
        }

        Assert.Equal(before, Image(world));
        files.AssertAsBefore();
        Assert.Equal(("app", World.AppPassword), ((await world.LiveLoginAsync()).Username, (await world.LiveLoginAsync()).Password.Reveal()));
        Assert.Equal(stage == RotationStage.Prepare ? null : RotationState.RolledBack, (await world.LastRotationAsync())?.State);
        world.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(RotationState.Completed, (await world.RotateAsync(Deaths.Request)).State);
    }

    [Fact]
    public async Task Targets_are_back_before_the_new_login_goes()
    {
        await using var world = await World.CreateAsync(Facts);
        var files = await TargetFiles.GiveAsync(world);
        var order = new List<string>();
        world.Observer.Publish = context =>
        {
            order.Add(context.IsRollback ? "script told of the old login" : "script told of the new login");
            return context.IsRollback ? Task.CompletedTask : throw new InvalidOperationException("nobody listens");
        };
        world.Server.Applied = statement =>
        {
            if (statement.StartsWith("drop|", StringComparison.Ordinal) || statement.StartsWith("block|", StringComparison.Ordinal))
                order.Add(statement[..statement.IndexOf('|', StringComparison.Ordinal)]);
        };

        await Assert.ThrowsAsync<RotationException>(
            () => world.Runner(touched =>
            {
                if (touched == "after target back")
                    order.Add("target back");
            }).RotateAsync(Deaths.Request, world.Observer, Ct));

        Assert.Equal(
            ["script told of the new login", "script told of the old login", "target back", "target back", "target back", "target back", "block", "drop"], order);
        files.AssertAsBefore();
        await world.AssertCleanAsync(Facts);
    }

    [Fact]
    public async Task While_the_old_login_drains_an_undo_is_a_rotation_in_reverse()
    {
        await using var world = await World.CreateAsync(Facts);
        var files = await TargetFiles.GiveAsync(world);
        world.Server.Connect("app", "never followed");
        var record = await world.RotateAsync(new() { Name = "app", NoWait = true, GracePeriod = TimeSpan.Zero });
        world.Server.Connect(record.NewUsername, "followed");
        var order = new List<string>();
        world.Server.Applied = statement =>
        {
            if (statement == $"drop|{record.NewUsername}")
                order.Add(world.Server.Sessions(record.NewUsername).Count == 0 ? "new retired" : "new cut off");
        };
        world.Observer.Progressed = progress =>
        {
            // The one that had followed follows back once the targets say so.
            if (progress.Stage != RotationStage.Drain || order.Contains("new drained") || world.Server.Sessions(record.NewUsername).Count == 0)
                return;
            files.AssertHold(new("app", new(World.AppPassword)), files.Read("pgpass").Split('\n').Single(line => line.Contains(record.NewUsername, StringComparison.Ordinal)));
            order.AddRange(["old published", "new drained"]);
            world.Server.Disconnect(record.NewUsername);
        };

        var undone = await world.Runner().UndoAsync(Deaths.Request, world.Observer, Ct);

        Assert.Equal((RotationState.Completed, RotationKind.Undo), (undone.State, undone.Kind));
        Assert.Equal(["old published", "new drained", "new retired"], order);
        Assert.Equal(["never followed"], world.Server.Sessions("app"));
        files.AssertHold(await world.LiveLoginAsync());
        await world.AssertCleanAsync(Facts);
    }

    [Theory]
    [InlineData("grant", "o1", Ending.Stops)]
    [InlineData("drop", "app", Ending.Fails)]
    [InlineData("drop", "app", Ending.Dies)]
    public async Task Before_the_drop_what_has_moved_is_moved_back_and_the_old_login_is_let_in_again(string verb, string what, Ending ending)
    {
        await using var world = await World.CreateAsync(Facts);
        await BreakRetireAsync(world, verb, what, ending);
        var record = (await world.LastRotationAsync())!;
        Assert.Equal(RotationState.Draining, record.State);
        Assert.False(world.Server["app"].CanLogIn);
        Assert.Contains(world.Server[record.NewUsername].Facts, fact => fact.Name == "o1");
        await world.AssertInvariantAsync(Facts);

        await world.Runner().UndoAsync(Deaths.Request, world.Observer, Ct);

        Assert.Equal(("app", World.AppPassword), ((await world.LiveLoginAsync()).Username, (await world.LiveLoginAsync()).Password.Reveal()));
        await world.AssertCleanAsync(Facts);
    }

    [Fact]
    public async Task After_the_drop_an_undo_makes_the_login_again()
    {
        await using var world = await World.CreateAsync(Facts);
        var files = await TargetFiles.GiveAsync(world);
        await world.RotateAsync(Deaths.Request);
        Assert.DoesNotContain("app", world.Server.Names);

        await world.Runner().UndoAsync(Deaths.Request, world.Observer, Ct);

        Assert.Equal(("app", World.AppPassword), ((await world.LiveLoginAsync()).Username, (await world.LiveLoginAsync()).Password.Reveal()));
        files.AssertHold(await world.LiveLoginAsync());
        await world.AssertCleanAsync(Facts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_ends_in_Complete_is_finished_or_undone_like_a_retired_login(bool isUndone)
    {
        await using var world = await World.CreateAsync(Facts);
        var dropped = false;
        world.Server.Applied = statement => dropped |= statement == "drop|app";
        await Assert.ThrowsAsync<RotationException>(
            () => world.Runner(touched =>
            {
                if (dropped && touched == "before document")
                    throw new RotationException(RotationErrorCode.StoreUnavailable, "broken on purpose");
            }).RotateAsync(Deaths.Request, world.Observer, Ct));
        var record = (await world.LastRotationAsync())!;
        Assert.Equal(RotationState.Draining, record.State);
        await world.AssertInvariantAsync(Facts);

        if (isUndone)
            await world.Runner().UndoAsync(Deaths.Request, world.Observer, Ct);
        else
            await world.Runner().ResumeAsync(Deaths.Request, world.Observer, Ct);

        Assert.Equal(isUndone ? "app" : record.NewUsername, (await world.LiveLoginAsync()).Username);
        await world.AssertCleanAsync(Facts);
    }

    private static async Task BreakRetireAsync(World world, string verb, string what, Ending ending)
    {
        using var stop = new CancellationTokenSource();
        var isDead = false;
        world.Server.Fault = text =>
        {
            if (!text.StartsWith(verb + "|", StringComparison.Ordinal) || !text.EndsWith("|" + what, StringComparison.Ordinal))
                return null;
            if (ending == Ending.Stops)
            {
                stop.Cancel();
                return null;
            }

            isDead = ending == Ending.Dies;
            return isDead ? new DiedException() : new RotationException(RotationErrorCode.DatabaseError, "broken on purpose");
        };
        await Assert.ThrowsAnyAsync<Exception>(
            () => world.Runner(_ =>
            {
                if (isDead)
                    throw new DiedException();
            }).RotateAsync(Deaths.Request, world.Observer, stop.Token));
        world.Server.Fault = static _ => null;
        world.Server.Locks.Clear();
        world.Time.Advance(TimeSpan.FromMinutes(5));
    }

    /// <summary>Every login with everything about it.</summary>
    private static string Image(World world) => string.Join('\n', world.Server.Names.Order(StringComparer.Ordinal).Select(
        name => $"{name} {world.Server[name].Password} {world.Server[name].Older} {world.Server[name].CanLogIn} {string.Join(',', world.Server[name].Facts.Select(static fact => fact.Name).Order(StringComparer.Ordinal))}"));
}
