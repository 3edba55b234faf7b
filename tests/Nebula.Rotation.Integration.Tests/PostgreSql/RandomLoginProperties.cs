using System.Collections.Concurrent;
using CsCheck;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.PostgreSql.RandomLogins;
using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>
/// Logins with random attributes, settings, memberships, grants, default privileges and ownership in two databases, under nasty names, are rotated: what our
/// reader finds before and after is the same, and so is, now and then, what the dump programs find.
/// </summary>
public abstract class RandomLoginProperties(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : RandomLoginProperties(postgres);

    public sealed class On18(SharedPostgres18 postgres) : RandomLoginProperties(postgres);

    /// <summary>Scenes that are worked in at the same time; while one waits for its server, another has the processor.</summary>
    private const int Scenes = 2;

    private const int CasesPerScene = 100;

    private const int AskTheOracleEvery = 50;

    private readonly ConcurrentDictionary<string, int> _kinds = [];

    [Fact]
    public async Task A_random_login_has_the_same_facts_before_and_after()
    {
        await Task.WhenAll(Enumerable.Range(0, Scenes).Select(number => Task.Run(() => SampleAsync((uint)number + 1), Room.Ct)));

        // An empty reader would find everything equal. A label needs a provider, which no package of the server's brings.
        foreach (var kind in FactKindList.All.Except([FactKinds.SecurityLabel]))
        {
            var atLeast = Scenes * CasesPerScene / (kind == FactKinds.GrantedMembership ? 50 : 4);
            Assert.True(_kinds.GetValueOrDefault(kind) > atLeast, $"{kind}: {_kinds.GetValueOrDefault(kind)}");
        }
    }

    private async Task SampleAsync(uint stream)
    {
        RandomScene? scene = await RandomScene.CreateAsync(postgres);
        try
        {
            var number = 0;
            await Draw.EachAsync(
                RandomLogin.Of(scene.Room.Server.Version.Major),
                CasesPerScene,
                async login =>
                {
                    scene ??= await RandomScene.CreateAsync(postgres);
                    try
                    {
                        await RotateAsync(scene, login, asksTheOracle: number++ % AskTheOracleEvery == 0);
                    }
                    catch
                    {
                        // What it leaves would fail the next ones, and the smallest failing case would tell of that.
                        var spoiled = scene;
                        scene = null;
                        await spoiled.AbandonAsync();
                        throw;
                    }
                },
                stream);
        }
        catch
        {
            if (scene is not null)
                await scene.AbandonAsync();
            throw;
        }

        await scene!.DisposeAsync();
    }

    private async Task RotateAsync(RandomScene scene, RandomLogin login, bool asksTheOracle)
    {
        var (room, planner) = (scene.Room, scene.Room.Planner);
        var (old, @new, schema) = RandomScene.Names(login);
        await scene.MakeAsync(login, old, schema);
        var before = await room.ReadAsync(old);
        Assert.Empty(before.Blockers);
        foreach (var fact in before.Facts)
            _kinds.AddOrUpdate(fact.Kind, 1, (_, count) => count + 1);
        var dump = asksTheOracle ? await scene.DumpAsync(old) : null;

        // What the workflow does, with as few looks at the catalog as it can be done with.
        var clone = planner.PlanClone(before, await room.ReadAsync(@new));
        Assert.Empty(clone.Blockers);
        await room.ApplyAsync([.. clone.CreateStatements, .. clone.CloneStatements], new(@new, new("new-Password.1")));
        var cloned = await room.ReadAsync(@new);
        Room.AssertEmpty(planner.Compare(before, cloned, afterMove: false));
        await room.ApplyAsync([.. planner.PlanBlock(before), .. planner.PlanMove(before, cloned).SelectMany(step => step.Statements)]);
        await room.ApplyAsync(planner.PlanDrop(await room.ReadAsync(old), await room.ReadAsync(@new)));

        var after = await room.ReadAsync(@new);
        room.AssertMoved(before, after);
        Assert.Equal(before.Facts.ToHashSet(), after.Facts.ToHashSet());
        if (dump is not null)
        {
            var diff = DumpOracle.Diff(dump, await scene.DumpAsync(@new), DumpRule.PinnedSearchPath);
            Assert.True(diff.IsEmpty, diff.ToString());
        }

        await scene.RemoveAsync(after, old, schema);
    }
}
