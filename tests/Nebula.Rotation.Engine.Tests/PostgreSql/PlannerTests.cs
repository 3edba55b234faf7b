using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;
using Xunit;
using static Nebula.Rotation.Engine.Tests.PostgreSql.Snap;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

public sealed class PlannerTests
{
    private static readonly PostgreSqlPlanner Planner = new();

    [Fact]
    public void A_login_is_made_with_every_attribute_and_a_slot_for_the_verifier()
    {
        var source = Of("old", Attribute("SUPERUSER", "false"), Attribute("CREATEDB", "true"), Attribute("CONNECTION LIMIT", "5"), Attribute("VALID UNTIL", "2091-01-01 00:00:00+00"));
        var create = Assert.Single(Planner.PlanClone(source, Absent("ne\"w")).CreateStatements);
        Assert.Equal(
            "CREATE ROLE \"ne\"\"w\" WITH LOGIN CONNECTION LIMIT 5 CREATEDB NOSUPERUSER VALID UNTIL '2091-01-01 00:00:00+00' PASSWORD '***'",
            create.MaskedText);
        Assert.True(create.CarriesPassword);
    }

    [Fact]
    public void A_login_that_is_there_is_opened_and_its_password_left_alone()
    {
        var source = Of("old", Attribute("CREATEDB", "true"));
        var target = Of("new", Attribute("CREATEDB", "false"), Attribute("VALID UNTIL", "2020-01-01")) with { CanLogIn = false };
        var plan = Planner.PlanClone(source, target);
        Assert.Equal(["ALTER ROLE \"new\" WITH LOGIN", "ALTER ROLE \"new\" WITH CREATEDB VALID UNTIL 'infinity'"], Texts(plan.CreateStatements));
        Assert.DoesNotContain(plan.CreateStatements, statement => statement.CarriesPassword);
    }

    [Fact]
    public void Another_password_goes_through_a_slot()
    {
        var statement = Assert.Single(Planner.PlanPassword(Of("n\"ew") with { CanLogIn = false }));
        Assert.Equal("ALTER ROLE \"n\"\"ew\" WITH PASSWORD '***'", statement.MaskedText);
        Assert.True(statement.CarriesPassword);
    }

    [Fact]
    public void An_idle_login_keeps_what_it_has_and_nobody_has_anything_through_it()
    {
        var member = MemberOf("x") with { Kind = FactKinds.HasMember, ObjectType = null, ObjectName = null, Grantor = "\"boss\"", Grantee = "\"reader\"" };
        var old = Of("old", Privilege("SELECT", "t", option: true), Granted("SELECT", "t", "\"third\""), member, member with { Grantee = "\"keeper\"", WithGrantOption = true });
        var @new = Of("new", MemberOf("\"old\""));
        Assert.Equal(
            [
                "REVOKE \"old\" FROM \"new\"",
                "SET LOCAL ROLE \"old\"",
                "REVOKE SELECT ON TABLE t FROM \"third\"",
                "SET LOCAL ROLE NONE",
                "REVOKE \"old\" FROM \"reader\"",
                "ALTER ROLE \"old\" WITH NOLOGIN PASSWORD NULL",
            ],
            Texts(Planner.PlanIdle(old, @new)));
        Assert.Equal(["ALTER ROLE \"old\" WITH NOLOGIN PASSWORD NULL"], Texts(Planner.PlanIdle(Of("old", Privilege("SELECT", "t")), @new with { Facts = [] })));
        Assert.Empty(Planner.PlanIdle(Absent("old"), @new));
    }

    [Fact]
    public void Tables_with_equal_privileges_go_in_one_statement()
    {
        var source = Of("old", Privilege("SELECT", "s.a"), Privilege("INSERT", "s.a"), Privilege("INSERT", "s.b", "VIEW"), Privilege("SELECT", "s.b", "VIEW"), Privilege("SELECT", "s.c"));
        Assert.Equal(
            ["GRANT INSERT, SELECT ON TABLE s.a, s.b TO \"new\"", "GRANT SELECT ON TABLE s.c TO \"new\""],
            Texts(Planner.PlanClone(source, Absent("new")).CloneStatements));
    }

    [Fact]
    public void Columns_and_the_table_itself_go_in_one_statement()
    {
        var source = Of("old", Privilege("SELECT", "s.a", column: "\"x\""), Privilege("SELECT", "s.a", column: "\"B c\""), Privilege("INSERT", "s.a"));
        Assert.Equal(["GRANT INSERT, SELECT (\"B c\", \"x\") ON TABLE s.a TO \"new\""], Texts(Planner.PlanClone(source, Absent("new")).CloneStatements));
    }

    [Fact]
    public void Another_grantor_than_the_owner_grants_in_person()
    {
        var source = Of("old", Privilege("SELECT", "s.a", grantor: "\"deputy\"", option: true), Privilege("SELECT", "s.b"));
        Assert.Equal(
            ["SET LOCAL ROLE \"deputy\"", "GRANT SELECT ON TABLE s.a TO \"new\" WITH GRANT OPTION", "SET LOCAL ROLE NONE", "GRANT SELECT ON TABLE s.b TO \"new\""],
            Texts(Planner.PlanClone(source, Absent("new")).CloneStatements));
    }

    [Fact]
    public void Functions_procedures_and_aggregates_are_routines()
    {
        var source = Of("old", Privilege("EXECUTE", "s.f()", "FUNCTION"), Privilege("EXECUTE", "s.g()", "AGGREGATE"), Privilege("EXECUTE", "s.h()", "PROCEDURE"));
        Assert.Equal(["GRANT EXECUTE ON ROUTINE s.f(), s.g(), s.h() TO \"new\""], Texts(Planner.PlanClone(source, Absent("new")).CloneStatements));
    }

    [Fact]
    public void A_grant_option_alone_is_added_and_taken_alone()
    {
        var with = Of("a", Privilege("SELECT", "t", option: true));
        var without = Of("b", Privilege("SELECT", "t"));
        Assert.Equal(["GRANT SELECT ON TABLE t TO \"b\" WITH GRANT OPTION"], Texts(Planner.PlanClone(with, without).CloneStatements));
        Assert.Equal(["REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM \"a\""], Texts(Planner.PlanClone(without, with).CloneStatements));
    }

    [Fact]
    public void What_the_login_granted_is_granted_again_before_it_is_taken()
    {
        var old = Of("old", Privilege("SELECT", "t", option: true), Granted("SELECT", "t", "\"third\""));
        var @new = Of("new", Privilege("SELECT", "t", option: true));
        Assert.Equal(
            [
                "SET LOCAL ROLE \"new\"", "GRANT SELECT ON TABLE t TO \"third\"", "SET LOCAL ROLE NONE",
                "SET LOCAL ROLE \"old\"", "REVOKE SELECT ON TABLE t FROM \"third\"", "SET LOCAL ROLE NONE",
                "REVOKE SELECT ON TABLE t FROM \"old\"",
                "DROP ROLE \"old\"",
            ],
            Texts(Planner.PlanDrop(old, @new)));
    }

    [Fact]
    public void Lists_of_names_are_quoted_by_element_and_other_settings_whole()
    {
        var source = Of("old", Setting("search_path", "\"$user\", \"A b\", \"it's\"", "other"), Setting("DateStyle", "ISO, MDY"), Setting("my.list", "a\\b, c"));
        Assert.Equal(
            [
                "ALTER ROLE \"new\" SET \"DateStyle\" TO 'ISO, MDY'",
                "ALTER ROLE \"new\" SET \"my\".\"list\" TO E'a\\\\b, c'",
                "ALTER ROLE \"new\" IN DATABASE \"other\" SET \"search_path\" TO '$user', 'A b', 'it''s'",
            ],
            Texts(Planner.PlanClone(source, Absent("new")).CloneStatements).Order(StringComparer.Ordinal).OrderBy(text => text.Contains("IN DATABASE", StringComparison.Ordinal)));
    }

    [Fact]
    public void Memberships_keep_their_grantor_and_from_16_on_their_options()
    {
        var before = Of("old", MemberOf("\"g\"", "\"boss\"", admin: true));
        Assert.Equal(["GRANT \"g\" TO \"new\" WITH ADMIN OPTION GRANTED BY \"boss\""], Texts(Planner.PlanClone(before, Absent("new")).CloneStatements));

        var after = Of("old", MemberOf("\"g\"", PermissionFact.Login, options: "INHERIT TRUE, SET TRUE"), MemberOf("\"g\"", "\"boss\"", admin: true, options: "INHERIT FALSE, SET FALSE"))
            .On(PostgreSqlFeatures.MembershipOptions);
        Assert.Equal(
            [
                "GRANT \"g\" TO \"new\" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE GRANTED BY \"boss\"",
                "GRANT \"g\" TO \"new\" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE GRANTED BY \"new\"",
            ],
            Texts(Planner.PlanClone(after, Absent("new", PostgreSqlFeatures.MembershipOptions)).CloneStatements));
    }

    [Fact]
    public void A_membership_whose_grantor_is_gone_is_equal_to_any_grantors()
    {
        var old = Of("old", MemberOf("\"g\""));
        Assert.True(Planner.Compare(old, Of("new", MemberOf("\"g\"", "\"admin\"")), afterMove: false).IsEmpty);
        Assert.False(Planner.Compare(old, Of("new", MemberOf("\"g\"", "\"admin\"", admin: true)), afterMove: false).IsEmpty);
    }

    [Fact]
    public void Default_privileges_are_given_taken_and_brought_back_to_the_built_in_ones()
    {
        var login = Of(
            "old",
            Default("SELECT", "TABLES", PermissionFact.Login, "\"x\"", option: true),
            Default("INSERT", "TABLES", PermissionFact.Login, "\"x\"", option: true),
            Default("EXECUTE", "FUNCTIONS", PermissionFact.Login, "PUBLIC", revoked: true),
            Default("USAGE", "TYPES", "\"boss\"", null, schema: "\"S\""));
        Assert.Equal(
            [
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"boss\" IN SCHEMA \"S\" GRANT USAGE ON TYPES TO \"new\"",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"new\" GRANT INSERT, SELECT ON TABLES TO \"x\" WITH GRANT OPTION",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"new\" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            ],
            Texts(Planner.PlanClone(login, Absent("new")).CloneStatements).Order(StringComparer.Ordinal));
        Assert.Equal(
            [
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"boss\" IN SCHEMA \"S\" REVOKE USAGE ON TYPES FROM \"old\"",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"old\" GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"old\" REVOKE INSERT, SELECT ON TABLES FROM \"x\"",
                "DROP ROLE \"old\"",
            ],
            Texts(Planner.PlanDrop(login, Absent("new"))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_owner_and_its_successor_share_both_ways_and_what_only_that_needs_is_not_compared()
    {
        var source = Of("old", Owner("TABLE", "s.t"));
        var plan = Planner.PlanClone(source, Absent("new"));
        Assert.Equal("GRANT \"old\" TO \"new\"", plan.CloneStatements[0].Text);
        Assert.Equal(
            new[] { "TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS" }.Select(objects => $"ALTER DEFAULT PRIVILEGES FOR ROLE \"new\" GRANT ALL ON {objects} TO \"old\""),
            Texts(plan.CloneStatements).Skip(1));
        Assert.All(plan.CloneStatements, statement => Assert.Equal("Overlap", statement.Rule));

        var target = Of("new", MemberOf("\"old\"", "\"admin\""), Default("SELECT", "TABLES", PermissionFact.Login, "\"old\""), Privilege("SELECT", "s.u", grantor: "\"old\""));
        var old = Of("old", Owner("TABLE", "s.t"), new() { Kind = FactKinds.HasMember, Name = "MEMBER", Grantee = "\"new\"" }, Default("SELECT", "TABLES", "\"new\"", null), Privilege("ALL", "s.made", grantor: "\"new\""));
        Assert.True(Planner.Compare(old, target, afterMove: false).IsEmpty);
        Assert.Equal(Owner("TABLE", "s.t"), Assert.Single(Planner.Compare(old, target, afterMove: true).Missing));
    }

    [Fact]
    public void From_16_on_the_overlap_inherits_whatever_the_login_does()
    {
        var source = Of("old", Owner("TABLE", "s.t"), Attribute("INHERIT", "false")).On(PostgreSqlFeatures.MembershipOptions);
        var plan = Planner.PlanClone(source, Absent("new", PostgreSqlFeatures.MembershipOptions));
        Assert.Empty(plan.Blockers);
        Assert.Equal("GRANT \"old\" TO \"new\" WITH INHERIT TRUE, SET TRUE", plan.CloneStatements[0].Text);
        Assert.Single(Planner.PlanClone(source.On(PostgreSqlFeatures.None), Absent("new")).Blockers);
    }

    [Fact]
    public void A_membership_that_would_close_a_circle_gives_way_to_privileges()
    {
        var live = Of("new", Owner("TABLE", "s.made"), Owner("COLLATION", "s.c")).With(HintNames.Ancestors, "[\"old\"]");
        var plan = Planner.PlanClone(live, Of("old", Default("ALL", "TABLES", "\"new\"", null)));
        Assert.Equal("GRANT ALL ON TABLE s.made TO \"old\"", plan.CloneStatements[0].Text);
        Assert.DoesNotContain(plan.CloneStatements, statement => statement.Text.Contains("ON TABLES", StringComparison.Ordinal));
        Assert.DoesNotContain(plan.CloneStatements, statement => statement.Text.StartsWith("GRANT \"", StringComparison.Ordinal));
        Assert.NotEmpty(plan.Warnings);
    }

    [Fact]
    public void One_object_moves_a_step_schemas_first_a_columns_sequence_with_its_table_and_stays_usable()
    {
        var from = Of("old", Owner("TABLE", "s.t"), Owner("AGGREGATE", "s.a()"), Owner("SEQUENCE", "s.q") with { Value = FactKinds.Follows }, Owner("STATISTICS OBJECT", "s.x"), Owner("SCHEMA", "s"));
        var steps = Planner.PlanMove(from, Of("new"));
        Assert.Equal(
            [
                ["ALTER SCHEMA s OWNER TO \"new\"", "GRANT ALL ON SCHEMA s TO \"old\""],
                ["ALTER ROUTINE s.a() OWNER TO \"new\"", "GRANT ALL ON ROUTINE s.a() TO \"old\""],
                ["ALTER STATISTICS s.x OWNER TO \"new\""],
                ["ALTER TABLE s.t OWNER TO \"new\"", "GRANT ALL ON TABLE s.t TO \"old\""],
            ],
            steps.Select(step => Texts(step.Statements)));
        Assert.Equal("owner:db:TABLE:s.t", steps[^1].Key);
        Assert.Equal("owner of table s.t", steps[^1].Description);
    }

    [Fact]
    public void Before_16_a_membership_that_the_login_gave_moves_with_its_grantor()
    {
        var fact = new PermissionFact { Kind = FactKinds.GrantedMembership, ObjectType = "ROLE", ObjectName = "\"g\"", Grantee = "\"m\"", Grantor = PermissionFact.Login, Name = "MEMBER", IsExclusive = true };
        var step = Assert.Single(Planner.PlanMove(Of("old", fact), Of("new")));
        Assert.Equal(["REVOKE \"g\" FROM \"m\"", "GRANT \"g\" TO \"m\" GRANTED BY \"new\""], Texts(step.Statements));
    }

    [Fact]
    public void A_search_path_with_the_users_schema_is_pinned_and_others_are_copied_or_left()
    {
        var path = new PermissionFact { Kind = FactKinds.SearchPath, Database = "db", Name = "search_path", Value = "\"old\", \"public\"" };
        Assert.Equal(
            ["ALTER ROLE \"new\" IN DATABASE \"db\" SET search_path TO 'old', 'public'"],
            Texts(Planner.PlanClone(Of("old", path).With(HintNames.In(HintNames.UserSchema, "db"), "true"), Absent("new")).CloneStatements));
        Assert.Empty(Planner.PlanClone(Of("old", path), Absent("new")).CloneStatements);
        Assert.Equal(
            ["ALTER ROLE \"new\" IN DATABASE \"db\" SET search_path TO '$user', 'public'"],
            Texts(Planner.PlanClone(Of("old", path).With(HintNames.In(HintNames.OwnSearchPath, "db"), "[\"$user\",\"public\"]"), Absent("new")).CloneStatements));
        Assert.Equal(
            ["ALTER ROLE \"new\" IN DATABASE \"db\" RESET search_path"],
            Texts(Planner.PlanClone(Of("old", path), Of("new", path).With(HintNames.In(HintNames.OwnSearchPath, "db"), "[\"x\"]")).CloneStatements));
    }

    [Fact]
    public void A_role_is_made_before_other_databases_name_it_and_dropped_after()
    {
        var elsewhere = Privilege("SELECT", "s.b") with { Database = "a second" };
        var source = Of("old", elsewhere, Privilege("SELECT", "s.a"), Setting("work_mem", "1MB"), Default("SELECT", "TABLES", "\"boss\"", null) with { Database = "a second" });
        Assert.Equal(["db", "db", "a second", "a second"], Planner.PlanClone(source, Absent("new")).CloneStatements.Select(statement => statement.Database ?? "db"));
        var drop = Planner.PlanDrop(source, Of("new"));
        Assert.Equal(["a second", "a second", "db", null], drop.Select(statement => statement.Database));
        Assert.Equal("DROP ROLE \"old\"", drop[^1].Text);
    }

    [Fact]
    public void Each_visited_database_has_a_path_and_an_overlap_of_its_own()
    {
        static PermissionFact Path(string database) => new() { Kind = FactKinds.SearchPath, Database = database, Name = "search_path", Value = "\"old\"" };
        var source = Of("old", Path("db"), Path("x")).With(HintNames.Databases, "[\"db\",\"x\"]")
            .With(HintNames.In(HintNames.UserSchema, "x"), "true").With(HintNames.In(HintNames.MayCreate, "x"), "true");
        var plan = Planner.PlanClone(source, Absent("new"));
        Assert.Contains("ALTER ROLE \"new\" IN DATABASE \"x\" SET search_path TO 'old'", Texts(plan.CloneStatements));
        Assert.DoesNotContain(plan.CloneStatements, statement => statement.Text.Contains("DATABASE \"db\"", StringComparison.Ordinal));
        Assert.Equal(["db", "x"], plan.CloneStatements.Where(statement => statement.Text.Contains("GRANT ALL ON TABLES", StringComparison.Ordinal)).Select(statement => statement.Database));
        Assert.Contains("database \"x\"", Assert.Single(plan.Warnings), StringComparison.Ordinal);

        // A path in a database that was not visited for both says nothing.
        Assert.True(Planner.Compare(source, Of("new", Path("db")), afterMove: false).IsEmpty);
        Assert.False(Planner.Compare(source, Of("new", Path("db"), Path("x") with { Value = "" }), afterMove: false).IsEmpty);
    }

    [Fact]
    public void Blocking_and_unblocking_are_one_attribute()
    {
        Assert.Equal(["ALTER ROLE \"x\" WITH NOLOGIN"], Texts(Planner.PlanBlock(Of("x"))));
        Assert.Equal(["ALTER ROLE \"x\" WITH LOGIN"], Texts(Planner.PlanUnblock(Of("x"))));
        Assert.Empty(Planner.PlanBlock(Absent("x")));
        Assert.Empty(Planner.PlanDrop(Absent("x"), Of("y")));
    }

    [Fact]
    public void Five_hundred_objects_are_the_most_a_statement_names()
    {
        var source = Of("old", [.. Enumerable.Range(0, 1201).Select(number => Privilege("SELECT", $"s.t{number}"))]);
        var statements = Planner.PlanClone(source, Absent("new")).CloneStatements;
        Assert.Equal(3, statements.Count);
        Assert.Equal(1201, statements.Sum(statement => statement.Text.Split("s.t").Length - 1));
    }

    private static IEnumerable<string> Texts(IEnumerable<PlannedStatement> statements) => statements.Select(statement => statement.MaskedText);
}
