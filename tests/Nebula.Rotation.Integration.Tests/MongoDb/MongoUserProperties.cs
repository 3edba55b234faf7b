using CsCheck;
using MongoDB.Bson;
using MongoDB.Driver.Core.Events;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.Integration.Tests.Workflow;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>Users of every shape, and what a rotation of them costs.</summary>
public sealed class MongoUserProperties(SharedMongoServer mongo) : IClassFixture<SharedMongoServer>
{
    private static readonly BsonValue[] Odd =
        [BsonNull.Value, BsonMinKey.Value, new BsonTimestamp(7, 1), new BsonRegularExpression("a/\"b", "i"), new BsonDocument("x.y", new BsonArray { 1, new BsonDocument() })];

    private static readonly Gen<BsonValue> Value = Gen.OneOf<BsonValue>(
        Gen.Int.Select(number => (BsonValue)new BsonInt32(number)),
        Gen.Long.Select(number => (BsonValue)new BsonInt64(number)),
        Gen.Double.Where(number => !double.IsNaN(number)).Select(number => (BsonValue)new BsonDouble(number)),
        Gen.Bool.Select(truth => (BsonValue)BsonBoolean.Create(truth)),
        Gen.String[Gen.Char["ab\"'\\${}.: ü日\n"], 0, 9].Select(text => (BsonValue)new BsonString(text)),
        Gen.Decimal.Select(number => (BsonValue)new BsonDecimal128(number)),
        Gen.Byte.Array[0, 9].Select(bytes => (BsonValue)new BsonBinaryData(bytes)),
        Gen.Long[0, 4_000_000_000_000].Select(time => (BsonValue)new BsonDateTime(time)),
        Gen.Byte.Array[12].Select(bytes => (BsonValue)new BsonObjectId(new ObjectId(bytes))),
        Gen.Int[0, 4].Select(which => Odd[which]));

    private static readonly Gen<BsonDocument> CustomData = Gen.Select(Gen.String[Gen.Char["abcd \"'ü"], 1, 5], Value).Array[0, 5]
        .Select(fields => new BsonDocument(fields.DistinctBy(field => field.Item1).Select(field => new BsonElement(field.Item1, field.Item2))));

    private static readonly Gen<(int[] Roles, BsonDocument Data, int Restrictions, int Mechanisms)> User =
        Gen.Select(Gen.Int[0, 7].Array[0, 8], CustomData, Gen.Int[0, 3], Gen.Int[0, 2]);

    [Fact]
    public async Task A_random_user_is_cloned_changed_into_another_and_nothing_is_lost()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        var number = 0;
        await Draw.EachAsync(
            Gen.Select(User, User),
            30,
            async pair =>
            {
                var name = $"{scene.Database}_{Interlocked.Increment(ref number)}";
                await scene.NewUserAsync(name, "first", ToFields(scene, pair.Item1));
                await scene.NewUserAsync(name + "_b", "second", ToFields(scene, pair.Item2));
                var (source, other) = (await scene.SnapshotAsync(name), await scene.SnapshotAsync(name + "_b"));

                // Made anew; then one that is there and has something else.
                await CloneAsync(scene, name, name + "_c");
                await CloneAsync(scene, name, name + "_b");

                var copies = new[] { await scene.SnapshotAsync(name + "_c"), await scene.SnapshotAsync(name + "_b") };
                foreach (var copy in copies)
                    Assert.True(scene.Engine.Planner.Compare(source, copy, false) is { IsEmpty: true }, $"{source.Username}: {string.Join("; ", source.Facts)} is not {string.Join("; ", copy.Facts)}");
                Assert.True(await LogsInAsync(scene, name + "_c", "cloned"));

                // A block and its end change nothing else.
                foreach (var statements in new[] { scene.Engine.Planner.PlanBlock(other with { Facts = source.Facts }), scene.Engine.Planner.PlanUnblock(other with { Facts = source.Facts }) })
                    await ApplyAsync(scene, statements, new(name + "_b", new("third")));
                Assert.Equal(source.Facts.ToHashSet(), (await scene.SnapshotAsync(name + "_b")).Facts.ToHashSet());
                Assert.True(await LogsInAsync(scene, name + "_b", "third"));
                foreach (var ending in new[] { "", "_b", "_c" })
                    await scene.AdminAsync(new("dropUser", name + ending), scene.AuthSource);
            });
    }

    [Fact]
    public async Task Without_any_one_of_the_rules_the_difference_is_found()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        foreach (var rule in MongoDbPlanner.AllRules)
        {
            var name = $"{scene.Database}_without_{rule.Name}";
            var source = await scene.SnapshotAsync(scene.OldLogin);
            var planner = new MongoDbPlanner([.. MongoDbPlanner.AllRules.Where(other => other != rule)]);
            var target = await scene.SnapshotAsync(name);
            await ApplyAsync(scene, planner.PlanClone(source, target).CreateStatements, new(name, new("cloned")));
            target = await scene.SnapshotAsync(name);
            await scene.AdminAsync(new("dropUser", name), scene.AuthSource);

            var diff = planner.Compare(source, target, false);
            Assert.False(diff.IsEmpty, rule.Name);
            Assert.All(diff.Missing.Concat(diff.Extra), fact => Assert.Equal(rule.Name, fact.Kind));
        }
    }

    [Fact]
    public async Task A_rotation_costs_the_same_commands_whatever_the_user_has()
    {
        var few = await CountAsync(new("roles", new BsonArray()));
        var many = await CountAsync(new()
        {
            { "roles", new BsonArray(Enumerable.Range(0, 200).Select(number => MongoScene.Role("read", $"database{number}"))) },
            { "customData", new BsonDocument(Enumerable.Range(0, 50).Select(number => new BsonElement($"f{number}", number))) },
        });

        // One more: a user that has roles has them looked up.
        Assert.Equal([.. few.Append("rolesInfo").Order(StringComparer.Ordinal)], many);
        Assert.Equal(1, many.Count(command => command == "createUser"));
        Assert.Equal(1, many.Count(command => command == "updateUser"));
        Assert.Equal(1, many.Count(command => command == "dropUser"));
        Assert.True(many.Count <= 45, $"{many.Count} commands: {string.Join(", ", many.GroupBy(command => command).Select(group => $"{group.Count()} {group.Key}"))}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{many.Count} commands: {string.Join(", ", many.GroupBy(command => command).Select(group => $"{group.Count()} {group.Key}"))}");
    }

    /// <summary>The commands of a rotation in alphabetical order, without those of logging in and of looking for sessions, whose number is the clock's.</summary>
    private async Task<List<string>> CountAsync(BsonDocument user)
    {
        var commands = new List<string>();
        var engine = new MongoDbEngine
        {
            Configure = builder => builder.Subscribe<CommandStartedEvent>(started =>
            {
                lock (commands)
                    commands.Add(started.CommandName);
            }),
        };
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync(), user: user, engine: engine);
        lock (commands)
            commands.Clear();
        await scene.RotateAsync(MongoScene.Request(grace: TimeSpan.Zero));
        lock (commands)
            return [.. commands.Where(command => !command.StartsWith("sasl", StringComparison.Ordinal) && command is not ("aggregate" or "ping" or "endSessions")).Order(StringComparer.Ordinal)];
    }

    private static BsonDocument ToFields(MongoScene scene, (int[] Roles, BsonDocument Data, int Restrictions, int Mechanisms) user)
    {
        string[] names = ["read", "readWrite", "dbAdmin", "dbOwner"];
        var roles = user.Roles.Distinct().Select(role => role == 7 ? MongoScene.Role($"{scene.Database} shared \"role\"", "admin") : MongoScene.Role(names[role % 4], role < 4 ? scene.Database : scene.OtherDatabase));
        var fields = new BsonDocument { { "roles", new BsonArray(roles) }, { "customData", user.Data } };
        if (user.Restrictions > 0)
        {
            fields.Add("authenticationRestrictions", new BsonArray(Enumerable.Range(0, user.Restrictions).Select(number =>
                new BsonDocument { { "clientSource", new BsonArray { "127.0.0.1", "0.0.0.0/0", "::/0" } }, { "serverAddress", new BsonArray { $"{number}.0.0.0/0", "0.0.0.0/0" } } })));
        }

        if (user.Mechanisms > 0)
            fields.Add("mechanisms", new BsonArray { user.Mechanisms == 1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256" });
        return fields;
    }

    private static async Task CloneAsync(MongoScene scene, string from, string to)
    {
        var plan = scene.Engine.Planner.PlanClone(await scene.SnapshotAsync(from), await scene.SnapshotAsync(to));
        Assert.Empty(plan.Blockers);
        await ApplyAsync(scene, [.. plan.CreateStatements, .. plan.CloneStatements], new(to, new("cloned")));
    }

    private static async Task ApplyAsync(MongoScene scene, IReadOnlyList<Engine.Databases.PlannedStatement> statements, Login password)
    {
        await using var admin = await scene.Engine.ConnectAdminAsync(scene.Credential, scene.Server.Admin, MongoScene.Ct);
        await using var unit = await admin.BeginAsync(MongoScene.Ct);
        await unit.ApplyAsync(statements, password, MongoScene.Ct);
        await unit.CommitAsync(MongoScene.Ct);
    }

    private static async Task<bool> LogsInAsync(MongoScene scene, string name, string password) =>
        (await scene.Engine.CheckLoginAsync(scene.Credential, new(name, new(password)), null, MongoScene.Ct)).All(check => check.Succeeded);
}
