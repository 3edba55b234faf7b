using System.Text.Json;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.Redis;
using Nebula.Rotation.Engine.Snapshots;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.Redis;

public sealed class PlannerTests
{
    private static readonly RedisPlanner Planner = new();

    private static readonly PermissionFact[] Some =
    [
        new() { Kind = FactKinds.Commands, Name = "rules", Value = "-@all +get" },
        new() { Kind = FactKinds.Key, Name = "%R~", ObjectType = "KEY", ObjectName = "a\"b" },
        new() { Kind = FactKinds.Channel, Name = "&", ObjectType = "CHANNEL", ObjectName = "news" },
        new() { Kind = FactKinds.Selector, Name = "selector", Value = "(~x resetchannels -@all +set)" },
    ];

    [Fact]
    public void A_new_login_is_made_from_nothing_with_its_hash_and_kept()
    {
        var plan = Planner.PlanClone(Login("old", Some), Absent("next"));

        Assert.Equal(["ACL SETUSER next reset on #'***'"], plan.CreateStatements.Select(statement => statement.MaskedText));
        Assert.Equal(
            [
                "ACL SETUSER next sanitize-payload",
                "ACL SETUSER next resetkeys \"%R~a\\\"b\"",
                "ACL SETUSER next resetchannels &news",
                "ACL SETUSER next -@all +get",
                "ACL SETUSER next clearselectors \"(~x resetchannels -@all +set)\"",
                "CONFIG REWRITE",
            ],
            plan.CloneStatements.Select(statement => statement.MaskedText));
        Assert.Empty(plan.Blockers);
    }

    [Fact]
    public void An_equal_login_needs_nothing_and_a_blocked_one_is_let_in()
    {
        var plan = Planner.PlanClone(Login("old", Some), Login("next", Some));
        Assert.Empty(plan.CreateStatements.Concat(plan.CloneStatements));

        plan = Planner.PlanClone(Login("old", Some), Login("next", Some) with { CanLogIn = false });
        Assert.Equal(["ACL SETUSER next on"], plan.CreateStatements.Select(statement => statement.Text));
        Assert.Equal(["CONFIG REWRITE"], plan.CloneStatements.Select(statement => statement.Text));
    }

    [Fact]
    public void A_login_that_a_node_lacks_gets_everything_again()
    {
        var target = Login("next", [new() { Kind = FactKinds.NodeDifference, ObjectType = "NODE", ObjectName = "n2:1", Name = "the login", Value = "missing" }]);

        Assert.False(Planner.Compare(Login("old", Some), target, afterMove: false).IsEmpty);
        Assert.Equal(["Create", "Flag", "Key", "Channel", "Commands", "Selector", "Persist"], Planner.PlanClone(Login("old", Some), target) is var plan ? plan.CreateStatements.Concat(plan.CloneStatements).Select(statement => statement.Rule) : []);
    }

    [Fact]
    public void Sentinels_have_a_group_of_their_own()
    {
        var source = Login("old", [.. Some, Some[0] with { Database = FactKinds.Sentinels, Value = "+@all" }], "", FactKinds.Sentinels);
        var plan = Planner.PlanClone(source, Absent("next"));

        Assert.Equal([null, FactKinds.Sentinels], plan.CreateStatements.Select(statement => statement.Database));
        Assert.Contains(plan.CloneStatements, statement => statement is { Database: FactKinds.Sentinels, Text: "ACL SETUSER next +@all" });
        Assert.Equal([null, FactKinds.Sentinels], Planner.PlanDrop(source, Absent("x")).Where(statement => statement.Rule == "Drop").Select(statement => statement.Database));
    }

    [Fact]
    public void Two_texts_that_allow_the_same_are_equal()
    {
        var (one, other) = (Commands("-@all +get +set", "get set"), Commands("-@all +set +get", "get set"));
        var less = Commands("-@all +get", "get");

        Assert.True(Planner.Compare(one, other, afterMove: false).IsEmpty);
        Assert.Equal((1, 1), Planner.Compare(one, less, afterMove: false) is var diff ? (diff.Missing.Count, diff.Extra.Count) : default);
        // A live login may have been given more.
        Assert.Empty(Planner.Compare(less, one, afterMove: true).Missing);
        Assert.NotEmpty(Planner.Compare(one, less, afterMove: true).Missing);
    }

    [Fact]
    public void A_live_login_only_gains_commands_and_no_category_brings_back_what_was_taken()
    {
        var (old, live) = (Commands("+@all -@dangerous", "get set"), Commands("-@all +get +keys", "get keys"));
        // As Retire asks: what the old one has, and what the new one has beyond it.
        var sum = old with { Facts = [.. old.Facts, .. live.Facts] };

        var plan = Planner.PlanClone(sum, live);

        Assert.Contains(plan.CloneStatements, statement => statement.Text == "ACL SETUSER u +@all -@dangerous +keys");
    }

    [Theory]
    [InlineData(HintNames.NoPassword, "true", "nopass")]
    [InlineData(HintNames.Passwords, "2", "2 passwords")]
    [InlineData(HintNames.Strange, "[\"A flag.\"]", "A flag.")]
    public void What_cannot_be_made_again_is_a_blocker(string hint, string value, string word)
    {
        var login = Login("old", Some);
        login = login with { Hints = new Dictionary<string, string>(login.Hints) { [hint] = value } };

        Assert.Contains(word, Assert.Single(Planner.PlanClone(login, Absent("next")).Blockers).ToString(), StringComparison.Ordinal);
        Assert.Contains(word, Assert.Single(new RedisDualPasswordPlanner().FindBlockers(login)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_user_is_neither_renamed_nor_a_new_name()
    {
        Assert.Contains("DualPassword", Assert.Single(Planner.PlanClone(Login("default", Some), Absent("next")).Blockers).Action, StringComparison.Ordinal);
        Assert.NotEmpty(Planner.PlanClone(Login("old", Some), Absent("default")).Blockers);
    }

    [Fact]
    public void Servers_that_log_in_as_it_are_told_kept_and_made_to_connect_again_in_one_step()
    {
        PermissionFact[] uses =
        [
            new() { Kind = FactKinds.Replication, Database = "n1:1", Name = "masteruser", IsExclusive = true },
            new() { Kind = FactKinds.Monitor, Database = "s1:1", ObjectType = "SERVICE", ObjectName = "main", Name = "auth-user", IsExclusive = true },
        ];

        var step = Assert.Single(Planner.PlanMove(Login("old", [.. Some, .. uses]), Login("next", Some)));

        Assert.Equal(
            [
                ("n1:1", "CONFIG SET masteruser next masterauth '***'"),
                ("s1:1", "SENTINEL SET main auth-user next auth-pass '***'"),
                ("n1:1", "CONFIG REWRITE"),
                (null, "CLIENT KILL USER old"),
            ],
            step.Statements.Select(statement => (statement.Database, statement.MaskedText)));
        Assert.Empty(Planner.PlanMove(Login("old", Some), Login("next", Some)));
        Assert.Equal(2, Planner.Compare(Login("old", [.. Some, .. uses]), Login("next", Some), afterMove: true).Missing.Count);
    }

    [Fact]
    public void A_second_password_is_added_and_then_kept_alone()
    {
        var planner = new RedisDualPasswordPlanner();
        var login = Login("default", [.. Some, new() { Kind = FactKinds.Replication, Database = "n1:1", Name = "masteruser", IsExclusive = true }]);
        login = login with { Hints = new Dictionary<string, string>(login.Hints) { [HintNames.RequirePass] = "[\"n1:1\"]" } };

        Assert.Equal(["ACL SETUSER default #'***'", "CONFIG REWRITE"], planner.PlanAddPassword(login).Select(statement => statement.MaskedText));
        Assert.Equal(
            ["CONFIG SET masterauth '***'", "CONFIG REWRITE", "CLIENT KILL TYPE replica USER default", "CONFIG SET requirepass '***'", "ACL SETUSER default resetpass #'***'", "CONFIG REWRITE", "CONFIG REWRITE"],
            planner.PlanKeepPassword(login).Select(statement => statement.MaskedText));
    }

    [Fact]
    public void Nodes_that_keep_users_in_different_ways_are_told_each_in_its_own()
    {
        var login = Login("old", Some);
        login = login with
        {
            Hints = new Dictionary<string, string>(login.Hints)
            {
                [HintNames.Persistence] = JsonSerializer.Serialize(new NodePersistence[] { new("n1:1", null, "ACL SAVE", "CONFIG REWRITE"), new("n2:1", null, "CONFIG REWRITE", "CONFIG REWRITE"), new("n3:1", null, null, null) }),
            },
        };

        Assert.Equal(
            [(null, "ACL SETUSER old off"), ("n1:1", "ACL SAVE"), ("n2:1", "CONFIG REWRITE")],
            Planner.PlanBlock(login).Select(statement => (statement.Database, statement.Text)));
        Assert.Equal("ACL SETUSER old off resetpass", Planner.PlanIdle(login, Login("next", Some))[0].Text);
    }

    private static LoginSnapshot Commands(string rules, string allowed)
    {
        var login = Login("u", [new() { Kind = FactKinds.Commands, Name = "rules", Value = rules }]);
        return login with { Hints = new Dictionary<string, string>(login.Hints) { [HintNames.In(HintNames.Allowed, null)] = allowed } };
    }

    private static LoginSnapshot Absent(string name) => Login(name, []) with { Exists = false, CanLogIn = false };

    private static LoginSnapshot Login(string name, IReadOnlyList<PermissionFact> facts, params string[] groups) => new()
    {
        Username = name,
        Exists = true,
        CanLogIn = true,
        Server = new("Redis 7.0.15", (long)(RedisFeatures.Channels | RedisFeatures.Selectors | RedisFeatures.ManySettings)),
        Facts = facts,
        Hints = new Dictionary<string, string>
        {
            [HintNames.Groups] = JsonSerializer.Serialize(groups.Length > 0 ? groups : [""]),
            [HintNames.Passwords] = "1",
            [HintNames.NoPassword] = "false",
            [HintNames.Persistence] = JsonSerializer.Serialize(new NodePersistence[] { new("n1:1", null, "CONFIG REWRITE", "CONFIG REWRITE") }),
        },
    };
}
