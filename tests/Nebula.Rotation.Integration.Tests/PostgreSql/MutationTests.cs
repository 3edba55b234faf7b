using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Databases.PostgreSql.Rules;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>
/// Would we notice? Each rule of the planner's own list is switched off in turn, each move left out, each reader asked whether it finds anything, on a login with
/// everything in two databases: the proof or the server objects.
/// </summary>
public abstract class MutationTests(SharedPostgres postgres)
{
    [Collection(RichRights.Collection)]
    public sealed class OnDistribution(SharedPostgres postgres) : MutationTests(postgres);

    [Collection(RichRights.Collection18)]
    public sealed class On18(SharedPostgres18 postgres) : MutationTests(postgres);

    private const string Provider = "nobody";

    [Fact]
    public async Task Any_rule_that_is_switched_off_is_noticed_when_a_login_is_cloned()
    {
        await using var scene = await MutationScene.CreateAsync(postgres);
        var (room, source) = (scene.Room, scene.Source);
        var noticedBy = new Dictionary<string, string>();
        foreach (var rule in Rules(room))
        {
            // A label that no provider stands for can only be taken as read: nobody else's clone would get past it.
            var isLabels = rule is SecurityLabelRule;
            var from = isLabels ? await LabelAsync(room, source) : source;
            Assert.True(from.Facts.Any(rule.Handles), $"the login has nothing for the rule {rule.Name}");
            var @new = room.NewName("new");
            var plan = new PostgreSqlPlanner([.. PostgreSqlPlanner.AllRules.Where(other => other != rule)]).PlanClone(from, await room.ReadAsync(@new));
            Assert.DoesNotContain(plan.CreateStatements.Concat(plan.CloneStatements), statement => statement.Rule == rule.Name);
            try
            {
                await room.ApplyAsync([.. plan.CreateStatements, .. plan.CloneStatements], new(@new, new("pw")));
                var target = await room.ReadAsync(@new);
                var diff = room.Planner.Compare(from, target, afterMove: false);
                Assert.False(diff.IsEmpty, $"without the rule {rule.Name} nothing is missed");
                noticedBy[rule.Name] = $"the proof, {diff.Missing.Count} facts";
                await room.ApplyAsync(room.Planner.PlanDrop(target, from));
            }
            catch (RotationException e) when (e.Code == RotationErrorCode.DatabaseError)
            {
                // A later rule needs what this one gives.
                noticedBy[rule.Name] = $"the server: {e.Message}";
                await scene.RemoveAsync(@new);
            }

            if (isLabels)
                await room.ExecuteAsync($"SET allow_system_table_mods = on; DELETE FROM pg_shseclabel WHERE provider = '{Provider}' AND objoid = '{source.Username}'::regrole");
        }

        Assert.Equal(Rules(room).Select(rule => rule.Name).Order(), noticedBy.Keys.Order());
        foreach (var (rule, how) in noticedBy)
            TestContext.Current.TestOutputHelper!.WriteLine($"{rule}: {how}");
    }

    [Fact]
    public async Task Any_rule_that_is_switched_off_is_noticed_when_a_login_is_dropped()
    {
        await using var scene = await MutationScene.CreateAsync(postgres);
        var (room, source) = (scene.Room, scene.Source);
        var @new = room.NewName("new");
        await room.CloneAsync(source.Username, @new);
        var before = await room.ReadAsync(@new);
        foreach (var rule in Rules(room).Where(rule => !rule.GoesWithLogin))
        {
            Assert.True(before.Facts.Any(rule.Handles), $"the login has nothing for the rule {rule.Name}");
            var without = new PostgreSqlPlanner([.. PostgreSqlPlanner.AllRules.Where(other => other != rule)]);
            var error = await Assert.ThrowsAsync<RotationException>(async () => await room.ApplyAsync(without.PlanDrop(before, await room.ReadAsync(source.Username))));
            Assert.Contains("2BP01", error.Message, StringComparison.Ordinal);
            TestContext.Current.TestOutputHelper!.WriteLine($"{rule.Name}: {error.Message}");
            if (!(await room.ReadAsync(@new)).Facts.ToHashSet().SetEquals(before.Facts))
                await room.CloneAsync(source.Username, @new);
        }

        // With all of them it goes, and the other one lacks nothing.
        await room.ApplyAsync(room.Planner.PlanDrop(await room.ReadAsync(@new), await room.ReadAsync(source.Username)));
        Assert.Equal(source.Facts.ToHashSet(), (await room.ReadAsync(source.Username)).Facts.ToHashSet());
    }

    [Fact]
    public async Task Any_move_that_is_left_out_is_noticed()
    {
        await using var scene = await MutationScene.CreateAsync(postgres);
        var (room, old) = (scene.Room, scene.Source.Username);
        var @new = room.NewName("new");
        await room.CloneAsync(old, @new);
        await room.ApplyAsync(room.Planner.PlanBlock(await room.ReadAsync(old)));
        var before = await room.ReadAsync(old);
        var exclusive = before.Facts.Where(fact => fact.IsExclusive).ToHashSet();
        Assert.True(exclusive.Count >= 30, $"{exclusive.Count} exclusive facts");
        foreach (var step in room.Planner.PlanMove(before, await room.ReadAsync(@new)))
        {
            var missing = room.Planner.Compare(before, await room.ReadAsync(@new), afterMove: true).Missing.ToHashSet();
            await room.ApplyAsync(step.Statements);
            var left = room.Planner.Compare(before, await room.ReadAsync(@new), afterMove: true).Missing.ToHashSet();
            Assert.True(left.IsProperSubsetOf(missing), $"{step.Description} is not missed: {left.Count} of {missing.Count}");
        }

        room.AssertMoved(before, await room.ReadAsync(@new));
    }

    [Fact]
    public async Task Every_kind_of_fact_is_found_on_the_login_that_has_everything()
    {
        await using var scene = await MutationScene.CreateAsync(postgres);
        var counts = RichRights.Counts(scene.Room.Server.Version.Major).ToDictionary(count => count.Kind, count => count.AtLeast);
        counts[FactKinds.SecurityLabel] = 1;
        Assert.Equal(FactKindList.All.Order(), counts.Keys.Order());
        Assert.All(counts.Values, atLeast => Assert.True(atLeast > 0));
        var source = await LabelAsync(scene.Room, scene.Source);
        foreach (var (kind, atLeast) in counts)
            Assert.True(source.Facts.Count(fact => fact.Kind == kind) >= atLeast, $"{kind}: {source.Facts.Count(fact => fact.Kind == kind)}, expected {atLeast}");
        // And every rule has something to do, or it is only believed in.
        Assert.All(Rules(scene.Room), rule => Assert.True(source.Facts.Any(rule.Handles), rule.Name));
    }

    /// <summary>Every rule of the planner, but for the one that has nothing to do where a membership has one grantor: there it moves, and is looked at as a move.</summary>
    private static IEnumerable<IFactRule> Rules(Room room) =>
        PostgreSqlPlanner.AllRules.Where(rule => rule is not GrantedMembershipRule || room.Server.Version.Major >= 16);

    /// <summary>No package brings a provider of labels for roles, so one is written down in the catalog by hand: it is read, and cannot be given.</summary>
    private static async Task<LoginSnapshot> LabelAsync(Room room, LoginSnapshot login)
    {
        await room.ExecuteAsync(
            $"SET allow_system_table_mods = on; INSERT INTO pg_shseclabel SELECT oid, 'pg_authid'::regclass, '{Provider}', 'top secret' FROM pg_roles WHERE rolname = '{login.Username}'");
        return await room.ReadAsync(login.Username);
    }
}
