using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Passwords;
using Nebula.Rotation.Engine.Snapshots;
using static Nebula.Rotation.Engine.Tests.PostgreSql.Snap;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

public sealed class OwnershipPlannerTests
{
    private const string Mark = "the mark";

    private static readonly PostgreSqlOwnershipPlanner Planner = new();

    private static readonly LoginSnapshot Login = Of(
        "app",
        Attribute("INHERIT", "true"),
        Attribute("CREATEDB", "true"),
        Attribute("CONNECTION LIMIT", "5"),
        Setting("work_mem", "7MB"),
        MemberOf("\"readers\""),
        Privilege("SELECT", "s.others"),
        Granted("SELECT", "s.others", "\"third\""),
        Default("SELECT", "TABLES", PermissionFact.Login, "\"third\""),
        Owner("VIEW", "s.v"),
        Owner("TABLE", "s.t"),
        Owner("TABLE", "s.ruled"),
        Owner("MATERIALIZED VIEW", "s.m"),
        Owner("SCHEMA", "s"),
        Own("SELECT", "s.t"),
        Own("SELECT", "s.m", "MATERIALIZED VIEW"),
        Own("SELECT", "s.v", "VIEW"),
        Own("SELECT", "s.ruled") with { Value = FactKinds.HasRules },
        Own("INSERT", "s.ruled") with { Value = FactKinds.HasRules });

    [Fact]
    public void The_role_is_made_marked_and_given_what_works_in_its_name_needs_and_the_login_is_its_member()
    {
        var steps = Planner.PlanOwner(Login, Absent("app_owner"), Mark);
        Assert.Equal(
            [
                "CREATE ROLE \"app_owner\" WITH NOLOGIN INHERIT CREATEDB",
                "COMMENT ON ROLE \"app_owner\" IS 'the mark'",
                "GRANT \"readers\" TO \"app_owner\"",
                "GRANT SELECT ON TABLE s.others TO \"app_owner\"",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"app_owner\" GRANT SELECT ON TABLES TO \"third\"",
                .. new[] { "TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS" }.Select(objects => $"ALTER DEFAULT PRIVILEGES FOR ROLE \"app\" GRANT ALL ON {objects} TO \"app_owner\""),
                "GRANT \"app_owner\" TO \"app\"",
            ],
            Texts(steps[0]));
        // What works in its owner's name can be used by what has moved before it: no more than the login has itself, each a unit of its own.
        Assert.Equal(
            ["GRANT SELECT ON TABLE s.v TO \"app_owner\"", "GRANT INSERT, SELECT ON TABLE s.ruled TO \"app_owner\""],
            steps.Skip(1).Select(step => Assert.Single(Texts(step))));
    }

    [Fact]
    public void What_works_in_its_owners_name_moves_last_and_goes_back_first()
    {
        string[] Order(IEnumerable<PlannedStep> moves) => [.. moves.Select(step => step.Ownership!.ObjectName!)];
        var login = Login with { Facts = [.. Login.Facts, Owner("EXTENSION", "e")] };
        var steps = Planner.PlanMove(login, Absent("app_owner"));
        Assert.Equal(["s", "s.t", "s.m", "s.ruled", "s.v", "e"], Order(steps));
        Assert.Equal(["ALTER TABLE s.t OWNER TO \"app_owner\""], Texts(steps[1]));
        Assert.Equal(["s.ruled", "s.v", "s.m", "s.t", "s", "e"], Order(Planner.PlanReturn(Of("x"), login)));
    }

    [Fact]
    public void From_16_on_the_membership_inherits_whatever_the_login_does()
    {
        var login = Of("app", Attribute("INHERIT", "false"), Owner("TABLE", "s.t")).On(PostgreSqlFeatures.MembershipOptions);
        Assert.Contains(Planner.PlanOwner(login, Absent("o", PostgreSqlFeatures.MembershipOptions), Mark)[0].Statements, statement => statement.Text == "GRANT \"o\" TO \"app\" WITH INHERIT TRUE, SET TRUE");
        Assert.Empty(Planner.FindBlockers(login, Absent("o")));

        var weak = login with { Facts = [.. login.Facts, MemberOf("\"o\"", options: "INHERIT FALSE, SET FALSE")] };
        Assert.Contains(Planner.PlanOwner(weak, Of("o"), Mark)[0].Statements, statement => statement.Text.StartsWith("GRANT \"o\" TO", StringComparison.Ordinal));
    }

    [Fact]
    public void What_has_been_done_is_not_planned_again()
    {
        var login = Login with { Facts = [.. Login.Facts.Where(fact => fact.Kind is not (FactKinds.Owner or FactKinds.OwnPrivilege)), MemberOf("\"app_owner\"")] };
        var owner = Of(
            "app_owner",
            [
                Attribute("INHERIT", "true"),
                Attribute("CREATEDB", "true"),
                MemberOf("\"readers\""),
                Privilege("SELECT", "s.others"),
                Default("SELECT", "TABLES", PermissionFact.Login, "\"third\""),
                Owner("TABLE", "s.t"),
                .. new[] { "TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS" }.Select(objects => Default("USAGE", objects, "\"app\"", null)),
            ]);
        Assert.Empty(Planner.PlanOwner(login, owner, Mark));
        Assert.Empty(Planner.PlanMove(login, owner));
    }

    [Fact]
    public void What_the_login_has_on_objects_of_the_role_is_no_matter_for_it()
    {
        var login = Of("app", MemberOf("\"o\""), Privilege("SELECT", "s.mine") with { ObjectOwner = "\"o\"", Grantor = "\"o\"" });
        Assert.DoesNotContain(Planner.PlanOwner(login, Of("o"), Mark).SelectMany(step => step.Statements), statement => statement.Text.Contains("s.mine", StringComparison.Ordinal));
    }

    [Fact]
    public void Back_again_what_works_in_its_owners_name_can_still_use_each_other()
    {
        var owner = Of("o", Owner("SCHEMA", "s"), Owner("TABLE", "s.t"), Owner("VIEW", "s.v"), Own("SELECT", "s.t"), Own("SELECT", "s.v", "VIEW"), Own("USAGE", "s", "SCHEMA"));
        var steps = Planner.PlanReturn(Of("app"), owner);
        Assert.Equal(
            ["ALTER VIEW s.v OWNER TO \"app\"", "GRANT SELECT ON TABLE s.v TO \"o\"", "ALTER TABLE s.t OWNER TO \"app\"", "ALTER SCHEMA s OWNER TO \"app\""],
            steps.SelectMany(Texts));
    }

    [Fact]
    public void A_role_that_was_there_before_loses_only_what_it_was_given()
    {
        var before = Of("o", Privilege("SELECT", "s.own"), MemberOf("\"club\""));
        var login = Of("app", MemberOf("\"o\""), Privilege("SELECT", "s.own"), Privilege("SELECT", "s.others"));
        var owner = before with { Facts = [.. before.Facts, Privilege("SELECT", "s.others"), Privilege("SELECT", "s.humans"), Privilege("INSERT", "s.t", grantor: "\"app\"") with { ObjectOwner = "\"app\"" }] };
        Assert.Equal(
            ["REVOKE SELECT ON TABLE s.others FROM \"o\"", "REVOKE INSERT ON TABLE s.t FROM \"o\"", "REVOKE \"o\" FROM \"app\""],
            Planner.PlanRelease(login, owner, before).Select(statement => statement.Text));

        // What came as an option over what it had goes as an option.
        var strong = owner with { Facts = [Privilege("SELECT", "s.own", option: true), MemberOf("\"club\"")] };
        Assert.Equal(
            ["REVOKE GRANT OPTION FOR SELECT ON TABLE s.own FROM \"o\""],
            Planner.PlanRelease(Of("app", Privilege("SELECT", "s.own", option: true)), strong, before).Select(statement => statement.Text));
    }

    [Fact]
    public void What_cannot_be_moved_and_roles_that_cannot_own_are_named()
    {
        string[] Named(LoginSnapshot login, LoginSnapshot owner) => [.. Planner.FindBlockers(login, owner).Select(blocker => blocker.ObjectName)];
        var inherits = Attribute("INHERIT", "true");
        var app = Of("app", inherits);
        Assert.Empty(Named(app, Absent("o")));
        Assert.Equal(["event trigger e in database \"db\"", "foreign-data wrapper w in database \"db\""], Named(Of("app", inherits, Owner("EVENT TRIGGER", "e"), Owner("FOREIGN-DATA WRAPPER", "w")), Absent("o")));
        Assert.Equal(["role \"app\""], Named(Of("app", inherits, Attribute("SUPERUSER", "true")), Absent("o")));
        Assert.Equal(["role \"app\""], Named(Of("app"), Absent("o")));
        Assert.Equal(["role \"o\""], Named(app, Of("o", inherits)));
        Assert.Empty(Named(app, Of("o", inherits) with { CanLogIn = false }));
        Assert.Equal(["role \"o\""], Named(app, Of("o", inherits, Attribute("SUPERUSER", "true")) with { CanLogIn = false }));
        Assert.Equal(["role \"o\""], Named(app, (Of("o", inherits) with { CanLogIn = false }).With(HintNames.Ancestors, "[\"app\"]")));
    }

    [Fact]
    public void Members_of_the_role_that_are_not_the_credentials_own_stand_in_the_way_back()
    {
        var owner = Of("o", HasMember("\"app\""), HasMember("\"app_1\""), HasMember("\"human\""));
        var blocker = Assert.Single(Planner.FindReturnBlockers(Of("app"), owner, before: null, ["app_1"]));
        Assert.Equal("role \"human\"", blocker.ObjectName);
        Assert.Empty(Planner.FindReturnBlockers(Of("app"), owner, Of("o", HasMember("\"human\"")), ["app_1"]));
    }

    [Theory]
    [InlineData("orders", "orders_owner")]
    [InlineData("Größe 1", "gr__e_1_owner")]
    [InlineData("pg_x", "npg_x_owner")]
    [InlineData("a123456789012345678901234567890123456789012345678901234567890123456789", "a12345678901234567890123456789012345678901234567890123456_owner")]
    public void The_roles_name_comes_from_the_credentials_and_fits(string credential, string owner) =>
        Assert.Equal(owner, UsernameGenerator.OwnerRole(credential, new PostgreSqlEngine().UsernameRules));

    private static PermissionFact Own(string privilege, string name, string type = "TABLE") =>
        Privilege(privilege, name, type) with { Kind = FactKinds.OwnPrivilege, Grantor = PermissionFact.Login, ObjectOwner = PermissionFact.Login };

    private static PermissionFact HasMember(string member) => new() { Kind = FactKinds.HasMember, Name = "MEMBER", Grantee = member };

    private static IEnumerable<string> Texts(PlannedStep step) => step.Statements.Select(statement => statement.Text);
}
