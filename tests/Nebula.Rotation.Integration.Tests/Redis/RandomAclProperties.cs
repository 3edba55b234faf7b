using CsCheck;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Redis;

/// <summary>Random users: the twin that the planner makes may do the same, in the server's own words, and what the module works out of rules is what the server does.</summary>
public abstract class RandomAclProperties(SharedRedis redis)
{
    public sealed class OnDistribution(SharedRedis redis) : RandomAclProperties(redis);

    public sealed class OnRedis8(SharedRedis8 redis) : RandomAclProperties(redis);

    public sealed class OnValkey(SharedValkey redis) : RandomAclProperties(redis);

    private const int Cases = 25;

    private static readonly Gen<string> Command = Gen.OneOf(
        Gen.OneOf("@all", "@read", "@write", "@admin", "@dangerous", "@fast", "@slow", "@string", "@hash", "@scripting", "@connection", "@pubsub", "@keyspace").Select(Gen.Bool, (name, add) => (add ? "+" : "-") + name),
        Gen.OneOf("get", "set", "del", "config", "client", "acl", "eval", "publish", "keys", "ping", "copy").Select(Gen.Bool, (name, add) => (add ? "+" : "-") + name),
        Gen.OneOf("config|get", "client|kill", "client|id", "acl|whoami", "xinfo|stream", "object|encoding").Select(Gen.Bool, (name, add) => (add ? "+" : "-") + name));

    private static readonly Gen<string> Key = Gen.Select(Gen.OneOf("~", "%R~", "%W~", "%RW~"), Gen.OneOf("a", "app:*", "ro:?", "*", "[ab]", "x\"y", "s'*", "\\{tag}*", "ä"), (how, pattern) => how + pattern);

    private static readonly Gen<string> Channel = Gen.OneOf("&*", "&app.*", "&news", "&ch'?");

    private static readonly Gen<string[]> Rules = Gen.Select(Command.Array[0, 7], Key.Array[0, 3], Channel.Array[0, 2], (commands, keys, channels) => keys.Concat(channels.Contains("&*") ? ["&*"] : channels).Concat(commands).ToArray());

    /// <summary>A selector is one word, whose inside is read as a line.</summary>
    private static readonly Gen<string> Selector = Gen.Select(Command.Array[0, 4], Key.Array[0, 2], (commands, keys) => $"({RedisDialect.Command(keys.Contains("~*") ? ["~*", .. commands] : keys.Concat(commands))})");

    [Fact]
    public async Task A_twin_of_a_random_user_may_do_the_same()
    {
        // Of its own: while somebody's pattern has a quote, no login of that server is rotated.
        await using var server = await ServerRequirement.OrSkip(() => RedisServer.StartAsync(new() { Release = redis.Release }, RedisScene.Ct), Assert.Skip);
        await using var scene = await RedisScene.CreateAsync(Deployment.Of(server));
        await using var admin = await scene.ConnectAdminAsync();
        var planner = new RedisPlanner();
        var all = (await admin.ReadSnapshotAsync(server.AdminUser, RedisScene.Ct)).AllowedIn(null)!;
        var number = 0;
        await Draw.EachAsync(
            Gen.Select(Rules, Selector.Array[0, 2], Gen.Bool),
            Cases,
            async drawn =>
            {
                var (rules, selectors, skips) = drawn;
                var (source, target) = ($"{scene.OldLogin}_{++number}s", $"{scene.OldLogin}_{number}t");
                // A pattern that another covers is refused by the server: then the user is what it took.
                await using (var connection = await server.OpenAsync(ct: RedisScene.Ct))
                {
                    await connection.ExecuteAsync(["ACL", "SETUSER", source, "on", ">x", skips ? "skip-sanitize-payload" : "sanitize-payload"], RedisScene.Ct);
                    await connection.ExecuteAllAsync([.. rules.Concat(selectors).Select(rule => (IReadOnlyList<string>)["ACL", "SETUSER", source, rule])], RedisScene.Ct);
                }

                var snapshot = await admin.ReadSnapshotAsync(source, RedisScene.Ct);
                var plan = planner.PlanClone(snapshot, await admin.ReadSnapshotAsync(target, RedisScene.Ct));
                // Users of one server share one file; what keeps them is another test's matter.
                await using (var unit = await admin.BeginAsync(RedisScene.Ct))
                {
                    await unit.ApplyAsync([.. plan.CreateStatements.Concat(plan.CloneStatements).Where(statement => statement.Rule != CommandList.PersistRule)], new(target, new("y")), RedisScene.Ct);
                    await unit.CommitAsync(RedisScene.Ct);
                }

                var diff = planner.Compare(snapshot, await admin.ReadSnapshotAsync(target, RedisScene.Ct), afterMove: false);
                Assert.True(diff.IsEmpty, string.Join("; ", diff.Missing.Concat(diff.Extra)));
                var may = await AclOracle.ReadAsync(server, source);
                Assert.Equal(may, await AclOracle.ReadAsync(server, target));
                if (selectors.Length == 0)
                    AssertAllowed(snapshot, all, may);
                await server.ExecuteAsync("ACL", "DELUSER", source, target);
            });
    }

    /// <summary>The server refuses exactly the commands that the module takes for forbidden; a refused key or a wrong number of words is no refused command.</summary>
    private static void AssertAllowed(LoginSnapshot snapshot, HashSet<string> all, IReadOnlyList<string> answers)
    {
        var allowed = snapshot.AllowedIn(null)!;
        foreach (var answer in answers)
        {
            var (question, reply) = (answer[..answer.IndexOf(": ", StringComparison.Ordinal)].Split(' '), answer[(answer.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
            // Nobody is refused the commands by which one logs in and out.
            if (reply.StartsWith("ERR", StringComparison.Ordinal) || question[0] is "auth" or "hello" or "quit" or "reset")
                continue;
            var isRefused = reply.Contains("no permissions to run the", StringComparison.Ordinal);
            var name = question[0].ToLowerInvariant();
            var sub = question.Length > 1 ? $"{name}|{question[1].ToLowerInvariant()}" : name;
            Assert.True(isRefused != allowed.Contains(all.Contains(sub) ? sub : name), $"{answer}, and the module says {(isRefused ? "yes" : "no")}");
        }
    }
}
