using System.Text.RegularExpressions;
using CsCheck;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Engine.Snapshots;
using Xunit;

namespace Nebula.Rotation.Engine.Tests.PostgreSql;

public sealed partial class PlannerProperties
{
    private static readonly PostgreSqlPlanner Planner = new();

    private static readonly Gen<string> Name = Gen.String[Gen.OneOf(Gen.Char['a', 'c'], Gen.Char["\"'\\; $@:éÜ"]), 1, 6];

    private static readonly Gen<string> Role = Name.Select(name => PostgreSqlDialect.Identifier("r" + name));

    private static readonly Gen<PermissionFact> Fact = Gen.OneOf(
        Gen.Select(Gen.OneOf("CREATEDB", "INHERIT"), Gen.OneOf("true", "false"), Snap.Attribute),
        Gen.Select(Gen.OneOf("work_mem", "search_path", "my.x"), Name, Gen.OneOf<string?>(null, "d\"b"), (name, value, database) => Snap.Setting(name, value, database)),
        Gen.Select(Gen.OneOf("SELECT", "INSERT"), Role, Gen.OneOf("TABLE", "VIEW", "SEQUENCE", "FUNCTION"), Gen.OneOf<string?>(null, "\"c\""), Role, Gen.Bool,
            (privilege, name, type, column, grantor, option) => Snap.Privilege(privilege, name, type, column, grantor, option)),
        Gen.Select(Gen.OneOf("SELECT", "INSERT"), Role, Role, Snap.Granted),
        Gen.Select(Role, Role, Gen.Bool, (group, grantor, admin) => Snap.MemberOf(group, grantor, admin)),
        Gen.Select(Gen.OneOf("SELECT", "USAGE"), Gen.OneOf("TABLES", "TYPES"), Gen.OneOf(PermissionFact.Login, "\"boss\""), Role, Gen.Bool,
            (privilege, objects, definer, grantee, revoked) => Snap.Default(privilege, objects, definer, definer == PermissionFact.Login ? grantee : null, revoked: revoked && definer == PermissionFact.Login)),
        Gen.Select(Gen.OneOf("TABLE", "SCHEMA", "COLLATION"), Role, Snap.Owner));

    private static readonly Gen<LoginSnapshot> Login = Gen.Select(Name, Fact.Array[0, 12], (name, facts) => Snap.Of("u" + name, [.. facts.DistinctBy(Key)]));

    [Fact]
    public void Two_equal_logins_need_nothing_but_the_overlap() =>
        Gen.Select(Login, Name).Sample((source, name) =>
        {
            var target = source with { Username = "v" + name, Facts = [.. source.Facts.Where(fact => !fact.IsExclusive)] };
            var plan = Planner.PlanClone(source, target);
            Assert.Empty(plan.CreateStatements);
            Assert.DoesNotContain(plan.CloneStatements, statement => statement.Rule != "Overlap");
            Assert.True(Planner.Compare(source, target, afterMove: false).IsEmpty);
        });

    [Fact]
    public void A_fact_that_is_missing_or_too_much_is_reported_and_has_a_statement() =>
        Gen.Select(Login, Name).Where((source, _) => source.Facts.Any(fact => !fact.IsExclusive)).Sample((source, name) =>
        {
            var additive = source.Facts.Where(fact => !fact.IsExclusive).ToList();
            var target = source with { Username = "v" + name, Facts = additive[1..] };
            Assert.Equal(additive[0], Assert.Single(Planner.Compare(source, target, afterMove: false).Missing));
            Assert.Equal(additive[0], Assert.Single(Planner.Compare(target, source with { Facts = additive }, afterMove: false).Extra));
            var plan = Planner.PlanClone(source, target);
            Assert.Contains(plan.CreateStatements.Concat(plan.CloneStatements), statement => statement.Rule != "Overlap");
        });

    [Fact]
    public void Outside_of_quotes_a_statement_has_no_letter_of_a_name() =>
        Gen.Select(Login, Name).Sample((source, name) =>
        {
            var target = Snap.Absent("v" + name);
            var plan = Planner.PlanClone(source, target);
            foreach (var statement in plan.CreateStatements.Concat(plan.CloneStatements).Concat(Planner.PlanDrop(source, target)).Concat(Planner.PlanMove(source, target).SelectMany(step => step.Statements)))
            {
                var bare = Quoted().Replace(statement.MaskedText, "").Replace("search_path", "", StringComparison.Ordinal);
                Assert.DoesNotMatch("[a-z\"'\\\\;$@:éÜ]", bare);
            }
        });

    [Fact]
    public void Every_exclusive_fact_moves_in_a_step_with_a_key_of_its_own() =>
        Login.Sample(source =>
        {
            var steps = Planner.PlanMove(source, Snap.Of("next"));
            Assert.Equal(source.Facts.Count(fact => fact.IsExclusive), steps.Select(step => step.Key).Distinct().Count());
            Assert.Equal(steps.Select(step => step.Key), Planner.PlanMove(source, Snap.Of("next")).Select(step => step.Key));
        });

    [Fact]
    public void Switching_a_rule_off_loses_its_facts_and_no_others() =>
        Login.Sample(source =>
        {
            foreach (var rule in PostgreSqlPlanner.AllRules)
            {
                var without = new PostgreSqlPlanner([.. PostgreSqlPlanner.AllRules.Where(other => other != rule)]).PlanClone(source, Snap.Absent("next"));
                Assert.DoesNotContain(without.CloneStatements, statement => statement.Rule == rule.Name);
                if (rule.Name != "Attribute" && source.Facts.Any(rule.Handles))
                    Assert.Contains(Planner.PlanClone(source, Snap.Absent("next")).CloneStatements, statement => statement.Rule == rule.Name);
            }
        });

    [GeneratedRegex("\"(?:[^\"]|\"\")*\"|E?'(?:[^']|'')*'")]
    private static partial Regex Quoted();

    private static object Key(PermissionFact fact) => fact.Kind == FactKinds.MemberOf ? (fact.Kind, fact.ObjectName) : (object)(fact with { Value = null, WithGrantOption = false });
}
