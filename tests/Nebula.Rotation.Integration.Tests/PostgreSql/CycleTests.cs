using Nebula.Rotation.Integration.Tests.Oracles;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>A whole rotation on a real server, against our own reading and an independent one.</summary>
public abstract class CycleTests(SharedPostgres postgres)
{
    [Collection(RichRights.Collection)]
    public sealed class OnDistribution(SharedPostgres postgres) : CycleTests(postgres);

    [Collection(RichRights.Collection18)]
    public sealed class On18(SharedPostgres18 postgres) : CycleTests(postgres);

    [Theory]
    [InlineData("app", "next")]
    [InlineData("Ünï \"quoted\" 'na;me' -- $1 @x :y", "NEW \\ ßpäce \"'%s")]
    public async Task A_login_with_everything_is_rotated_and_nothing_is_lost(string oldLike, string newLike)
    {
        await using var room = await Room.OpenAsync(postgres, "Cycle \"db' \\");
        await using var elsewhere = await postgres.NewDatabaseAsync("another");
        var (old, @new) = (room.NewName(oldLike), room.NewName(newLike));
        var others = RichRights.NewNames(room);
        await RichRights.GiveAsync(room, old, others, elsewhere);

        var before = await room.ReadAsync(old);
        Assert.Empty(before.Blockers);
        foreach (var (database, counts) in new[] { (room.Database, RichRights.Counts(room.Server.Version.Major)), (elsewhere.Name, RichRights.CountsElsewhere) })
        {
            foreach (var (kind, atLeast) in counts)
            {
                var found = before.Facts.Where(fact => fact.Kind == kind && (fact.Database ?? room.Database) == database).ToList();
                Assert.True(found.Count >= atLeast, $"{kind} in {database}: {found.Count} facts, expected {atLeast}: {string.Join("; ", found)}");
            }
        }

        Assert.Equal(before.Facts.Count, before.Facts.Distinct().Count());
        string[] databases = [room.Database, elsewhere.Name, "postgres"];
        var dumpBefore = await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(old, databases, others), Room.Ct);
        foreach (var (kind, atLeast) in RichRights.DumpCounts)
            Assert.True(dumpBefore.CountOfLogin(kind) >= atLeast, $"{kind}: {dumpBefore.CountOfLogin(kind)} lines of the dumps, expected {atLeast}");

        await room.CloneAsync(old, @new);
        await room.RetireAsync(old, @new);

        room.AssertMoved(before, await room.ReadAsync(@new));
        var after = await room.ReadAsync(@new);
        Assert.Equal(before.Facts.Count, after.Facts.Count);
        Assert.Equal(before.Facts.ToHashSet(), after.Facts.ToHashSet());

        // And as the dump programs see it nothing but the login's name and password is another one.
        var diff = DumpOracle.Diff(dumpBefore, await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(@new, databases, others), Room.Ct));
        Assert.True(diff.IsEmpty, diff.ToString());
    }

    [Fact]
    public async Task A_clone_that_is_rolled_back_leaves_no_trace()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (room.NewName("old"), room.NewName("new"));
        var others = RichRights.NewNames(room);
        await RichRights.GiveAsync(room, old, others);
        var before = await room.ReadAsync(old);
        var dumpBefore = await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(old, [room.Database], [.. others, @new]), Room.Ct);

        await room.CloneAsync(old, @new);
        await room.ApplyAsync(room.Planner.PlanDrop(await room.ReadAsync(@new), await room.ReadAsync(old)));

        Assert.Equal(before.Facts.ToHashSet(), (await room.ReadAsync(old)).Facts.ToHashSet());
        var diff = DumpOracle.Diff(dumpBefore, await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(old, [room.Database], [.. others, @new]), Room.Ct));
        Assert.True(diff.IsEmpty, diff.ToString());
    }
}
