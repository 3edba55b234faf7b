using System.Globalization;
using CsCheck;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MySql;
using Nebula.Rotation.Engine.Databases.MySql.Rules;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.MySql;

/// <summary>
/// Logins with random attributes, grants, roles and proxies, under nasty names, are rotated: what our reader finds before and after is the same, and so is what the
/// server itself says with SHOW CREATE USER and SHOW GRANTS. NEBULA_TEST_MYSQL_CASES says how many.
/// </summary>
public abstract class MySqlRandomLoginProperties(SharedMySql mysql)
{
    public sealed class OnMariaDb(SharedMariaDb mariaDb) : MySqlRandomLoginProperties(mariaDb);

    public sealed class OnMySql(SharedMySql9 mysql) : MySqlRandomLoginProperties(mysql);

    private static readonly int Cases = int.TryParse(Environment.GetEnvironmentVariable("NEBULA_TEST_MYSQL_CASES"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 40;

    /// <summary>
    /// A number of cases that is asked for means new ones. Otherwise they are the same in each run: what turns it red is then what was changed, and not the draw.
    /// </summary>
    private static readonly bool IsRandom = Environment.GetEnvironmentVariable("NEBULA_TEST_MYSQL_CASES") is { Length: > 0 };

    private static readonly Gen<string> Name = Gen.OneOf(
        Gen.Const("app"),
        Gen.Const("UPPER lower"),
        Gen.Const("it's \"q\""),
        Gen.Const("se;mi -- ? @x"),
        Gen.Const("back\\slash %s_"),
        Gen.Const("back`tick"),
        Gen.Const(new string('n', 25)));

    [Fact]
    public async Task A_random_login_has_the_same_facts_before_and_after()
    {
        await using var room = await OpenAsync(mysql);
        var rights = MySqlRights.Of(room.IsMariaDb);
        var others = new[] { room.Database, room.NewName("r1"), room.NewName("r 2'"), room.NewName("other\"") };
        await room.ExecuteAsync(MySqlRights.Surroundings, others);
        Dictionary<string, int> kinds = [];
        var logins = Gen.Select(Name, Name, Gen.Bool.Array[rights.Count], (old, @new, chosen) => (Old: old, New: @new, Chosen: chosen));
        if (IsRandom)
        {
            await logins.SampleAsync(CheckAsync, iter: Cases, threads: 1);
        }
        else
        {
            for (var number = 0; number < Cases; number++)
                await CheckAsync(logins.Generate(new PCG(1, (ulong)number), null, out _));
        }

        async Task CheckAsync((string Old, string New, bool[] Chosen) login)
        {
            var (old, @new) = (room.NewName(login.Old), room.NewName(login.New));
            string[] names = [.. others, old];
            var chosen = rights.Where((_, index) => login.Chosen[index]);
            await room.ExecuteAsync("CREATE USER {4}@'%' IDENTIFIED BY 'x', {4}@'10.%' IDENTIFIED BY 'x';" + string.Join(';', chosen), names);
            var before = await room.ReadAsync(old);
            Assert.Empty(before.Blockers);
            foreach (var kind in before.Facts.Select(fact => fact.Kind == FactKinds.Privilege ? fact.ObjectType! : fact.Kind))
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            var text = await ServerTextAsync(room, old, others[3]);

            await room.CloneAsync(old, @new);
            await room.RetireAsync(old, @new);

            var after = await room.ReadAsync(@new);
            Assert.Equal(before.Facts.ToHashSet(), after.Facts.ToHashSet());
            Assert.Equal(text, await ServerTextAsync(room, @new, others[3]));
            Assert.False(await room.Admin.IsNameTakenAsync(old, MySqlRoom.Ct));
            await room.ApplyAsync(room.Planner.PlanDrop(after, before));
            Assert.False(await room.Admin.IsNameTakenAsync(@new, MySqlRoom.Ct));
        }

        // An empty reader would find everything equal.
        string[] expected =
        [
            FactKinds.Account, FactKinds.Attribute, FactKinds.Global, FactKinds.DatabaseType, FactKinds.Table, FactKinds.Column, FactKinds.Procedure, FactKinds.Function,
            FactKinds.MemberOf, FactKinds.DefaultRole, FactKinds.Proxy,
            .. room.IsMariaDb ? [] : new[] { FactKinds.Metadata, FactKinds.DynamicPrivilege, FactKinds.Restriction, FactKinds.HasMember, FactKinds.DefaultRoleOf },
        ];
        foreach (var kind in expected)
            Assert.True(kinds.GetValueOrDefault(kind) >= Cases / 4, $"{kind}: {kinds.GetValueOrDefault(kind)}");
    }

    [Fact]
    public async Task Each_rule_that_is_left_out_is_noticed()
    {
        await using var room = await OpenAsync(mysql);
        var others = new[] { room.Database, room.NewName("r1"), room.NewName("r2"), room.NewName("other") };
        var old = room.NewName();
        await room.ExecuteAsync(MySqlRights.Surroundings, others);
        await room.ExecuteAsync("CREATE USER {4}@'%' IDENTIFIED BY 'x', {4}@'10.%' IDENTIFIED BY 'x';" + string.Join(';', MySqlRights.Of(room.IsMariaDb)), [.. others, old]);
        var source = await room.ReadAsync(old);
        var noticed = new List<string>();
        foreach (var rule in MySqlPlanner.AllRules)
        {
            // Partial revokes, roles that are accounts: what a server does not have cannot be lost.
            if (!source.Facts.Any(rule.Handles))
            {
                Assert.True(room.IsMariaDb && rule.Name is "Metadata" or "DynamicPrivilege" or "Restriction" or "HasMember" or "DefaultRoleOf", rule.Name);
                continue;
            }

            var planner = new MySqlPlanner([.. MySqlPlanner.AllRules.Where(other => other != rule)]);
            var target = room.NewName("next");
            var plan = planner.PlanClone(source, await room.ReadAsync(target));
            try
            {
                await room.ApplyAsync([.. plan.CreateStatements, .. plan.CloneStatements], new(target, new(MySqlRoom.NewPassword)));
                var diff = room.Planner.Compare(source, await room.ReadAsync(target), afterMove: false);
                Assert.True(diff.Missing.Any(rule.Handles), $"{rule.Name} is not missed");
            }
            catch (RotationException)
            {
                // Something else needs it: a default role that was not granted, a part of a privilege that is not there.
            }

            noticed.Add(rule.Name);
            await room.ApplyAsync(room.Planner.PlanDrop(await room.ReadAsync(target), source));
        }

        Assert.True(noticed.Count >= 10, string.Join(", ", noticed));
    }

    private static async Task<MySqlRoom> OpenAsync(SharedMySql mysql)
    {
        var room = await MySqlRoom.OpenAsync(mysql);
        if (!room.IsMariaDb)
            await room.ExecuteAsync("SET GLOBAL partial_revokes = ON");
        return room;
    }

    /// <summary>What the server says of both accounts, and of the one that has the login as a role or acts for it.</summary>
    private static async Task<List<string>> ServerTextAsync(MySqlRoom room, string name, string other)
    {
        var all = new List<string>();
        foreach (var account in new[] { MySqlRoom.Account(name), MySqlRoom.Account(name, "10.%"), MySqlRoom.Account(other, "localhost") })
        {
            foreach (var show in new[] { "SHOW CREATE USER", "SHOW GRANTS FOR" })
                all.AddRange((await room.RowsAsync($"{show} {account}")).Select(row => ServerText.Normalize(row, name)).Order(StringComparer.Ordinal));
        }

        return all;
    }
}
