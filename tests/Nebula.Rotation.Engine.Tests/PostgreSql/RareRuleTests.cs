using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Xunit;
using static Nebula.Rotation.Engine.Tests.PostgreSql.Snap;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

/// <summary>Rules for what few logins have.</summary>
public sealed class RareRuleTests
{
    private static readonly PostgreSqlPlanner Planner = new();

    [Fact]
    public void A_policy_names_both_while_both_are_live_and_never_loses_a_third()
    {
        var fact = Policy("s.t", "\"p\"");
        var hint = HintNames.Of(HintNames.PolicyRoles, fact);
        var old = Of("old", fact).With(hint, "[\"\\u0022old\\u0022\",\"\\u0022third\\u0022\"]");
        Assert.Equal(["ALTER POLICY \"p\" ON s.t TO \"new\", \"old\", \"third\""], Texts(Planner.PlanClone(old, Absent("new")).CloneStatements));

        const string both = "[\"\\u0022new\\u0022\",\"\\u0022old\\u0022\",\"\\u0022third\\u0022\"]";
        var @new = Of("new", fact).With(hint, both);
        Assert.True(Planner.Compare(old, @new, afterMove: false).IsEmpty);
        Assert.Equal(["ALTER POLICY \"p\" ON s.t TO \"new\", \"third\"", "DROP ROLE \"old\""], Texts(Planner.PlanDrop(old.With(hint, both), @new)));
        // A plan is made before the new login is in the list.
        Assert.Equal("ALTER POLICY \"p\" ON s.t TO \"new\"", Planner.PlanDrop(Of("old", fact).With(hint, "[\"\\u0022old\\u0022\"]"), Of("new", fact))[0].Text);
        Assert.Equal(["DROP ROLE \"old\""], Texts(Planner.PlanDrop(Of("old", fact).With(hint, "[\"\\u0022old\\u0022\"]"), Absent("new"))));
    }

    [Fact]
    public void A_policys_lock_comes_last_of_a_databases_statements()
    {
        var old = Of("old", Policy("s.t", "\"p\""), Policy("s.u", "\"p\"") with { Database = "x" }, Privilege("SELECT", "s.t"), Owner("TABLE", "s.o"), Privilege("SELECT", "s.u") with { Database = "x" });
        var clone = Planner.PlanClone(old, Absent("new")).CloneStatements;
        Assert.Equal("Policy", clone.Last(statement => statement.Database is null or "db").Rule);
        Assert.Equal("Policy", clone[^1].Rule);
    }

    [Fact]
    public void A_user_mapping_is_copied_by_the_server_and_replaced_when_it_differs()
    {
        var old = Of("o'ld\\", Mapping("\"S \"\"1\"", "password #12ab"));
        var text = Assert.Single(Planner.PlanClone(old, Absent("new")).CloneStatements).Text;
        Assert.StartsWith("DO E'", text, StringComparison.Ordinal);
        Assert.Contains("srvname = ''S \"1''", text, StringComparison.Ordinal);
        var statements = Planner.PlanClone(old, Of("new", Mapping("\"S \"\"1\"", "password #0000"))).CloneStatements;
        Assert.Equal("DROP USER MAPPING FOR \"new\" SERVER \"S \"\"1\"", statements[0].Text);
        Assert.Equal(2, statements.Count);
    }

    [Fact]
    public void A_security_label_is_set_by_its_provider_and_goes_with_the_login()
    {
        static PermissionFact Label(string label) => new() { Kind = FactKinds.SecurityLabel, Name = "guard", Value = label };
        Assert.Equal(["SECURITY LABEL FOR \"guard\" ON ROLE \"new\" IS 'top ''1'''"], Texts(Planner.PlanClone(Of("old", Label("top '1'")), Absent("new")).CloneStatements));
        Assert.Equal(["SECURITY LABEL FOR \"guard\" ON ROLE \"new\" IS NULL"], Texts(Planner.PlanClone(Of("old"), Of("new", Label("x"))).CloneStatements));
        Assert.Equal(["DROP ROLE \"old\""], Texts(Planner.PlanDrop(Of("old", Label("x")), Of("new"))));
    }

    [Fact]
    public void An_extension_moves_when_nothing_else_is_left_to_be_taken_with_it()
    {
        var steps = Planner.PlanMove(Of("old", Owner("EXTENSION", "hstore"), Owner("TABLE", "s.t"), Owner("TYPE", "s.z")), Of("new"));
        Assert.Equal("REASSIGN OWNED BY \"old\" TO \"new\"", Assert.Single(steps[^1].Statements).Text);
    }

    [Fact]
    public void What_only_a_superuser_may_own_blocks_another()
    {
        var facts = new[] { Owner("EVENT TRIGGER", "\"e\""), Owner("FOREIGN-DATA WRAPPER", "w"), Owner("SUBSCRIPTION", "s") };
        facts = [.. facts, Attribute("INHERIT", "true")];
        Assert.Equal(3, Planner.PlanClone(Of("old", facts), Absent("new")).Blockers.Count);
        Assert.Equal(2, Planner.PlanClone(Of("old", facts).On(PostgreSqlFeatures.AnySubscriptionOwner), Absent("new")).Blockers.Count);
        Assert.Empty(Planner.PlanClone(Of("old", [.. facts, Attribute("SUPERUSER", "true")]), Absent("new")).Blockers);
    }

    [Fact]
    public void Each_kind_of_object_has_the_words_of_its_statements()
    {
        var objects = new[] { ("SERVER", "FOREIGN SERVER", "SERVER"), ("FOREIGN-DATA WRAPPER", "FOREIGN DATA WRAPPER", "FOREIGN DATA WRAPPER"), ("LARGE OBJECT", "LARGE OBJECT", "LARGE OBJECT"), ("TABLESPACE", "TABLESPACE", "TABLESPACE"), ("LANGUAGE", "LANGUAGE", "LANGUAGE") };
        foreach (var (type, grant, alter) in objects)
        {
            Assert.Equal([$"GRANT USAGE ON {grant} x TO \"new\""], Texts(Planner.PlanClone(Of("old", Privilege("USAGE", "x", type)), Absent("new")).CloneStatements));
            Assert.Equal($"ALTER {alter} x OWNER TO \"new\"", Planner.PlanMove(Of("old", Owner(type, "x")), Of("new"))[0].Statements[0].Text);
        }

        Assert.Equal("\"my\".\"setting\"", PostgreSqlDialect.DottedName("my.setting"));
        Assert.Equal(["GRANT SET ON PARAMETER \"x\" TO \"new\""], Texts(Planner.PlanClone(Of("old", Privilege("SET", "\"x\"", "PARAMETER ACL")), Absent("new")).CloneStatements));
    }

    [Fact]
    public void From_18_on_the_overlap_has_large_objects()
    {
        var plan = Planner.PlanClone(Of("old", Owner("TABLE", "s.t")).On(PostgreSqlFeatures.LargeObjectDefaults), Absent("new", PostgreSqlFeatures.LargeObjectDefaults));
        Assert.Contains("ALTER DEFAULT PRIVILEGES FOR ROLE \"new\" GRANT ALL ON LARGE OBJECTS TO \"old\"", Texts(plan.CloneStatements));
    }

    private static IEnumerable<string> Texts(IEnumerable<PlannedStatement> statements) => statements.Select(statement => statement.MaskedText);
}
