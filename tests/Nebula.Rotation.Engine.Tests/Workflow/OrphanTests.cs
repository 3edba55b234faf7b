using Nebula.Rotation.Engine.Workflow;
using static Nebula.Rotation.Engine.Tests.Workflow.Deaths;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>What runners and restored stores leave on a server, and what only looks like it.</summary>
public sealed class OrphanTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_rotations_and_undos_nothing_is_an_orphan()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        await using var service = new RotationService(world.Services());
        await world.RotateAsync();
        await world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, RetainFor = TimeSpan.FromDays(1) });
        await world.RotateAsync(new() { Name = "app", GracePeriod = TimeSpan.Zero, Strategy = RotationStrategy.AlternatingUsers });

        Assert.Empty(await service.FindOrphansAsync("app", "global", null, Ct));
    }

    [Fact]
    public async Task A_login_that_a_store_restored_from_a_backup_does_not_know_is_listed_and_left_alone()
    {
        await using var world = await World.CreateAsync("a1");
        await using var service = new RotationService(world.Services());
        world.Server.Add("app_0123abcd", "somebody's");
        world.Server.Add("app_reader", "a human's");
        world.Server.Add("other_0123abcd", "another credential's");

        var orphan = Assert.Single(await service.FindOrphansAsync("app", "global", null, Ct));

        Assert.Equal(("app_0123abcd", false, true), (orphan.Username, orphan.IsOurs, orphan.CanLogIn));
        var exception = await Assert.ThrowsAsync<RotationException>(() => service.RemoveOrphanAsync("app", "global", "app_0123abcd", null, Ct));
        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        await Assert.ThrowsAsync<RotationException>(() => service.RemoveOrphanAsync("app", "global", "app_reader", null, Ct));
        Assert.Contains("app_0123abcd", world.Server.Names);
        Assert.Contains("app_reader", world.Server.Names);
    }

    [Fact]
    public async Task A_dropped_login_that_a_restored_database_has_again_is_ours_and_can_be_removed()
    {
        await using var world = await World.CreateAsync("a1", "o1");
        await using var service = new RotationService(world.Services());
        await world.RotateAsync();
        world.Server.Add("app", World.AppPassword, ModelPlanner.Fact("a1"), ModelPlanner.Fact("o9"));

        var orphan = Assert.Single(await service.FindOrphansAsync("app", "global", null, Ct));
        Assert.True(orphan.IsOurs);
        world.Server.Connect("app", "nightly job");
        var exception = await Assert.ThrowsAsync<RotationException>(() => service.RemoveOrphanAsync("app", "global", "app", null, Ct));
        Assert.Contains("1 session", exception.Message, StringComparison.Ordinal);
        Assert.True(world.Server.LogsIn("app", World.AppPassword));
        world.Server.Disconnect("app");

        await service.RemoveOrphanAsync("app", "global", "app", null, Ct);

        Assert.Empty(await service.FindOrphansAsync("app", "global", null, Ct));
        await world.AssertCleanAsync("a1", "o1", "o9");
        Assert.Equal("app", Assert.Single(await service.GetAuditAsync(new() { Actions = [AuditAction.OrphanRemoved] }, Ct)).Outcome);
    }

    [Fact]
    public async Task A_login_of_a_retired_name_with_another_password_is_a_humans()
    {
        await using var world = await World.CreateAsync("a1");
        await using var service = new RotationService(world.Services());
        await world.RotateAsync();
        world.Server.Add("app", "a human's");

        Assert.False(Assert.Single(await service.FindOrphansAsync("app", "global", null, Ct)).IsOurs);
    }

    [Fact]
    public async Task After_a_death_at_any_call_and_a_resume_nothing_is_an_orphan()
    {
        await EverywhereAsync(
            prepare: _ => Task.CompletedTask,
            work: (world, touch) => world.Runner(touch).RotateAsync(Request, new RecordingObserver(), CancellationToken.None),
            finish: async world =>
            {
                await using var service = new RotationService(world.Services());
                Assert.Empty(await service.FindOrphansAsync("app", "global", null, CancellationToken.None));
                await world.Runner().ResumeAsync(Request, new RecordingObserver(), CancellationToken.None);
                Assert.Empty(await service.FindOrphansAsync("app", "global", null, CancellationToken.None));
            });
    }
}
