using Nebula.Rotation.Engine.Tests.Workflow;

namespace Nebula.Rotation.Engine.Tests.Fleets;

/// <summary>What there is to do now.</summary>
public sealed class DueTests
{
    private static readonly CancellationToken Never = CancellationToken.None;

    [Fact]
    public async Task A_new_credential_is_not_due_before_its_time_and_after_its_rotation_the_time_begins_anew()
    {
        await using var world = await World.CreateAsync("f");
        await FleetTests.AddAsync(world, 2);
        await ChangeAsync(world, "c0", credential => credential with { RotationInterval = TimeSpan.FromDays(30) });
        await using var service = new RotationService(world.Services());
        Assert.Empty(await service.FindDueAsync(new(), Never));
        world.Time.Advance(TimeSpan.FromDays(29));
        Assert.Empty(await service.FindDueAsync(new(), Never));
        world.Time.Advance(TimeSpan.FromDays(2));
        var due = Assert.Single(await service.FindDueAsync(new(), Never));
        Assert.Equal(("c0", DueAction.Rotate), (due.Credential.Name, due.Action));
        Assert.Empty(await service.FindDueAsync(new() { Tags = ["other"] }, Never));

        var summary = await service.RotateManyAsync(FleetTests.Fleet(["c0"], scheduled: true), new FleetWatcher(), Never);
        Assert.Equal(1, summary.Rotated);
        Assert.Empty(await service.FindDueAsync(new(), Never));
        Assert.InRange(summary.NextRotationAt!.Value - world.Time.GetUtcNow(), TimeSpan.FromDays(29.9), TimeSpan.FromDays(30));
    }

    [Fact]
    public async Task What_two_runners_found_due_is_rotated_by_one_of_them()
    {
        await using var world = await World.CreateAsync("f");
        await FleetTests.AddAsync(world, 1);
        await ChangeAsync(world, "c0", credential => credential with { RotationInterval = TimeSpan.FromDays(30) });
        world.Time.Advance(TimeSpan.FromDays(31));
        await using var service = new RotationService(world.Services());
        // Both have looked before either began.
        Assert.Single(await service.FindDueAsync(new(), Never));
        Assert.Equal(1, (await service.RotateManyAsync(FleetTests.Fleet(["c0"], scheduled: true), new FleetWatcher(), Never)).Rotated);
        var second = Assert.Single((await service.RotateManyAsync(FleetTests.Fleet(["c0"], scheduled: true), new FleetWatcher(), Never)).Results);
        Assert.Equal((FleetOutcome.Skipped, RotationErrorCode.NotDue), (second.Outcome, second.ErrorCode));
        Assert.Equal(2, (await world.Store.FindAsync("c0", "global", Never))!.Version);
    }

    [Fact]
    public async Task Outside_of_its_window_and_on_hold_it_waits()
    {
        await using var world = await World.CreateAsync("f");
        // Far from the window, on whatever day and at whatever hour this runs.
        var today = world.Time.GetUtcNow();
        var monday = new DateTimeOffset(today.Date, TimeSpan.Zero).AddDays(8 - (int)today.DayOfWeek).AddHours(12);
        world.Time.Advance(monday - today);
        await FleetTests.AddAsync(world, 1);
        await ChangeAsync(world, "c0", credential => credential with { RotationInterval = TimeSpan.FromHours(1), MaintenanceWindow = ["Sat 01:00-02:00"] });
        var next = (await world.Store.FindAsync("c0", "global", Never))!.NextRotationAt!.Value;
        Assert.Equal((DayOfWeek.Saturday, 1), (next.DayOfWeek, next.Hour));
        await using var service = new RotationService(world.Services());
        world.Time.Advance(next - world.Time.GetUtcNow() + TimeSpan.FromMinutes(1));
        Assert.Single(await service.FindDueAsync(new(), Never));
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await service.FindDueAsync(new(), Never));
        Assert.Empty(await service.FindAsync(new() { DueAt = world.Time.GetUtcNow() }, Never));
        world.Time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromMinutes(30));
        Assert.Single(await service.FindDueAsync(new(), Never));
        await ChangeAsync(world, "c0", credential => credential with { HoldReason = "release week" });
        Assert.Empty(await service.FindDueAsync(new(), Never));
    }

    [Fact]
    public async Task What_earlier_runs_left_comes_first_and_is_finished_not_rotated_again()
    {
        await using var world = await World.CreateAsync("f");
        await FleetTests.AddAsync(world, 2);
        await ChangeAsync(world, "c1", credential => credential with { RotationInterval = TimeSpan.FromDays(1) });
        await using var service = new RotationService(world.Services());
        await service.RotateAsync(new() { Name = "c0", NoWait = true }, new RecordingObserver(), Never);
        world.Time.Advance(TimeSpan.FromDays(2));
        var due = await service.FindDueAsync(new(), Never);
        Assert.Equal([("c0", DueAction.Finish), ("c1", DueAction.Rotate)], due.Select(found => (found.Credential.Name, found.Action)));
        var members = due.Select(found => new FleetMember
        {
            Action = found.Action,
            Request = new() { Name = found.Credential.Name, RotationId = found.RotationId, GracePeriod = TimeSpan.FromMilliseconds(10) },
        });
        var summary = await service.RotateManyAsync(new() { Members = [.. members], IsScheduled = true }, new FleetWatcher(), Never);
        Assert.Equal(2, summary.Rotated);
        Assert.All(await world.Store.ListAsync(new() { Names = ["c*"] }, Never), credential => Assert.Equal(2, credential.Version));
        Assert.Empty(await service.FindDueAsync(new(), Never));
    }

    [Fact]
    public async Task A_login_that_was_kept_is_put_away_when_its_time_is_over()
    {
        await using var world = await World.CreateAsync("f");
        await FleetTests.AddAsync(world, 1);
        await using var service = new RotationService(world.Services());
        await service.RotateAsync(
            new() { Name = "c0", GracePeriod = TimeSpan.FromMilliseconds(10), RetainFor = TimeSpan.FromDays(7) }, new RecordingObserver(), Never);
        Assert.Empty(await service.FindDueAsync(new(), Never));
        world.Time.Advance(TimeSpan.FromDays(8));
        var due = Assert.Single(await service.FindDueAsync(new(), Never));
        Assert.Equal(DueAction.Finish, due.Action);
        await service.ResumeAsync(new() { Name = "c0", RotationId = due.RotationId }, new RecordingObserver(), Never);
        Assert.DoesNotContain("c0", world.Server.Names);
    }

    [Fact]
    public async Task A_pair_keeps_its_distance()
    {
        await using var world = await World.CreateAsync("f");
        await FleetTests.AddAsync(world, 2);
        foreach (var name in FleetTests.Names(2))
            await ChangeAsync(world, name, credential => credential with { RotationInterval = TimeSpan.FromDays(1) });
        await FleetTests.PairAsync(world, "c1", "c0", "12h");
        await using var service = new RotationService(world.Services());
        world.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal("c0", Assert.Single(await service.FindDueAsync(new(), Never)).Credential.Name);
        await service.RotateAsync(new() { Name = "c0", GracePeriod = TimeSpan.FromMilliseconds(10) }, new RecordingObserver(), Never);
        Assert.Empty(await service.FindDueAsync(new(), Never));
        world.Time.Advance(TimeSpan.FromHours(11));
        Assert.Empty(await service.FindDueAsync(new(), Never));
        world.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("c1", Assert.Single(await service.FindDueAsync(new(), Never)).Credential.Name);
    }

    [Theory]
    [InlineData("app", null)]
    [InlineData(null, "12h")]
    [InlineData("other", "soon")]
    public async Task A_pair_that_cannot_be_meant_is_refused(string? partner, string? offset)
    {
        await using var world = await World.CreateAsync("f");
        await using var service = new RotationService(world.Services());
        var option = new Dictionary<string, string>();
        if (partner is not null)
            option["PairWith"] = partner;
        if (offset is not null)
            option["Offset"] = offset;
        var exception = await Assert.ThrowsAsync<RotationException>(
            () => service.ChangeAsync("app", "global", new() { Apply = credential => credential with { Option = option } }, Never));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
    }

    private static async Task ChangeAsync(World world, string name, Func<DatabaseCredential, DatabaseCredential> change) =>
        await world.Store.UpdateAsync(change((await world.Store.FindAsync(name, "global", Never))!), null, null, Never);
}
