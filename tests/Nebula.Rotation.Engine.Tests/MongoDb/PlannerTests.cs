using MongoDB.Bson;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.MongoDb;
using Nebula.Rotation.Engine.Snapshots;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.MongoDb;

public sealed class PlannerTests
{
    private const string Concern = "\"writeConcern\" : { \"w\" : \"majority\", \"wtimeout\" : 30000 } }";

    private static readonly MongoDbPlanner Planner = new();

    private static readonly LoginSnapshot Source =
        Users.Named("app", Users.Role("readWrite"), Users.Role("audit", "logs"), Users.Data("n", 1L), Users.From("10.0.0.0/8"), Users.Mechanism("SCRAM-SHA-256"));

    [Fact]
    public void A_new_user_is_one_command_with_everything() =>
        Assert.Equal(
            [
                "{ \"createUser\" : \"next\", \"pwd\" : '***', \"roles\" : [{ \"role\" : \"readWrite\", \"db\" : \"shop\" }, { \"role\" : \"audit\", \"db\" : \"logs\" }], "
                + "\"customData\" : { \"n\" : { \"$numberLong\" : \"1\" } }, \"authenticationRestrictions\" : [{ \"clientSource\" : [\"10.0.0.0/8\"] }], \"mechanisms\" : [\"SCRAM-SHA-256\"], " + Concern,
            ],
            Texts(Planner.PlanClone(Source, Users.Absent("next"))));

    [Fact]
    public void A_user_that_has_nothing_still_says_that_it_has_no_roles() =>
        Assert.Equal(["{ \"createUser\" : \"next\", \"pwd\" : '***', \"roles\" : [], " + Concern], Texts(Planner.PlanClone(Users.Named("app"), Users.Absent("next"))));

    [Fact]
    public void A_user_that_is_equal_and_live_is_left_alone() => Assert.Empty(Texts(Planner.PlanClone(Source, Source with { Username = "next" })));

    [Fact]
    public void Roles_are_granted_and_revoked_one_by_one_where_the_server_can()
    {
        var target = Users.Named("next", [.. Source.Facts.Where(fact => fact.Name != "audit"), Users.Role("dbOwner")]);
        Assert.Equal(
            [
                "{ \"revokeRolesFromUser\" : \"next\", \"roles\" : [{ \"role\" : \"dbOwner\", \"db\" : \"shop\" }], " + Concern,
                "{ \"grantRolesToUser\" : \"next\", \"roles\" : [{ \"role\" : \"audit\", \"db\" : \"logs\" }], " + Concern,
            ],
            Texts(Planner.PlanClone(Source, target)));
        Assert.Equal(
            ["{ \"updateUser\" : \"next\", \"roles\" : [{ \"role\" : \"readWrite\", \"db\" : \"shop\" }, { \"role\" : \"audit\", \"db\" : \"logs\" }], " + Concern],
            Texts(Planner.PlanClone(Source, target with { Server = new("FerretDB", 0) })));
    }

    [Fact]
    public void A_mechanism_more_needs_the_password_and_one_less_does_not()
    {
        var both = Users.Named("next", [.. Source.Facts, Users.Mechanism("SCRAM-SHA-1")]);
        Assert.Equal(["{ \"updateUser\" : \"next\", \"mechanisms\" : [\"SCRAM-SHA-256\"], " + Concern], Texts(Planner.PlanClone(Source, both)));
        Assert.Equal(["{ \"updateUser\" : \"app\", \"pwd\" : '***', \"mechanisms\" : [\"SCRAM-SHA-1\", \"SCRAM-SHA-256\"], " + Concern], Texts(Planner.PlanClone(both, Source)));
    }

    [Fact]
    public void A_block_says_so_in_the_users_data_and_keeps_the_rest()
    {
        var statement = Assert.Single(Planner.PlanBlock(Source));
        Assert.Equal(
            "{ \"updateUser\" : \"app\", \"pwd\" : { \"random\" : true }, \"mechanisms\" : [\"SCRAM-SHA-256\"], \"customData\" : { \"n\" : { \"$numberLong\" : \"1\" }, \"nebulaRotation\" : { \"state\" : \"blocked\" } }, " + Concern,
            statement.MaskedText);
        Assert.False(statement.CarriesPassword);
        var drawn = Enumerable.Range(0, 3).Select(_ => MongoDbDialect.ToDocument(statement, null)["pwd"].AsString).ToList();
        Assert.Equal(3, drawn.Distinct().Count());
        Assert.All(drawn, password => Assert.True(password.Length >= 32));
    }

    [Fact]
    public void A_blocked_user_is_opened_with_the_password_in_the_slot_and_its_own_data()
    {
        string[] expected = ["{ \"updateUser\" : \"app\", \"pwd\" : '***', \"customData\" : { \"n\" : { \"$numberLong\" : \"1\" } }, \"mechanisms\" : [\"SCRAM-SHA-256\"], " + Concern];
        Assert.Equal(expected, Texts(Planner.PlanClone(Source with { Username = "live" }, Users.Blocked(Source))));
        Assert.True(Assert.Single(Planner.PlanUnblock(Source)).CarriesPassword);
    }

    [Fact]
    public void A_user_that_was_locked_out_gets_its_own_restrictions_back()
    {
        var lockOut = MongoDbDialect.ToDocument(MongoDbPlanner.PlanLockOut(Source), null);
        Assert.Equal("192.0.2.1", lockOut["authenticationRestrictions"][0]["clientSource"][0]);
        var locked = Users.Blocked(Source, lockOut["customData"]["nebulaRotation"].ToJson());

        foreach (var statement in Planner.PlanUnblock(locked).Concat(Planner.PlanClone(Source with { Username = "live" }, locked).CreateStatements))
            Assert.Equal("10.0.0.0/8", MongoDbDialect.ToDocument(statement, new("app", new("p")))["authenticationRestrictions"][0]["clientSource"][0]);
        Assert.Equal("10.0.0.0/8", MongoDbDialect.ToDocument(Assert.Single(Planner.PlanBlock(locked)), null)["customData"]["nebulaRotation"]["authenticationRestrictions"][0]["clientSource"][0]);
    }

    [Fact]
    public void An_idle_user_is_blocked_once() => Assert.Equal([1, 0], [Planner.PlanIdle(Source, Source).Count, Planner.PlanIdle(Users.Blocked(Source), Source).Count]);

    [Fact]
    public void What_a_live_user_was_given_beyond_its_predecessor_stays()
    {
        var live = Users.Named("next", [.. Source.Facts.Where(fact => fact.Kind != FactKinds.CustomData), Users.Role("extra"), Users.Data("own", 2), Users.Data("n", 3L)]);
        var old = Source with { Facts = [.. Source.Facts, Users.Role("later")] };
        var diff = Planner.Compare(old, live, afterMove: false);

        var statements = Planner.PlanClone(old with { Facts = [.. old.Facts, .. diff.Extra] }, live);

        Assert.Equal(["grantRolesToUser", "updateUser"], Texts(statements).Order(StringComparer.Ordinal).Select(text => text.Split('"')[1]));
        Assert.Equal(new BsonDocument { { "n", 1L }, { "own", 2 } }, MongoDbDialect.ToDocument(Assert.Single(statements.CreateStatements), null)["customData"]);
    }

    [Fact]
    public void Without_one_rule_what_it_makes_is_missing()
    {
        foreach (var rule in MongoDbPlanner.AllRules)
        {
            var statement = Assert.Single(new MongoDbPlanner([.. MongoDbPlanner.AllRules.Where(other => other != rule)]).PlanClone(Source, Users.Absent("next")).CreateStatements);
            Assert.NotEqual(Assert.Single(Planner.PlanClone(Source, Users.Absent("next")).CreateStatements).MaskedText, statement.MaskedText);
        }
    }

    private static IEnumerable<string> Texts(ClonePlan plan) => plan.CloneStatements.Concat(plan.CreateStatements).Select(statement => statement.MaskedText);
}
