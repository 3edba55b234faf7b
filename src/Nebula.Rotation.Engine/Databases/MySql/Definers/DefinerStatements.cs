using System.Text.Json;
using Nebula.Rotation.Engine.Databases.MySql.Rules;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql.Definers;

/// <summary>Gives objects another definer, one object a step.</summary>
internal static class DefinerStatements
{
    private const string RuleName = StatementList.DefinerRule;

    public static IEnumerable<PlannedStep> Move(LoginSnapshot from, LoginSnapshot to)
    {
        var replaces = ((MySqlFeatures)from.Server.Features).HasFlag(MySqlFeatures.ReplacesRoutines);
        foreach (var fact in from.Facts.Where(fact => fact.Kind == FactKinds.Definer).OrderBy(fact => fact.ToString(), StringComparer.Ordinal))
        {
            if (!from.Hints.TryGetValue(HintNames.Of(HintNames.Definition, $"{fact.ObjectType} {fact.ObjectName}"), out var json))
                continue;
            var definition = JsonSerializer.Deserialize<ObjectDefinition>(json)!;
            var definer = MySqlDialect.Account(to.Username, MySqlDialect.HostOf(fact.Grantee));
            var list = new StatementList(RotationStage.Retire);
            Begin(definition, list);
            switch (fact.ObjectType)
            {
                case FactKinds.View:
                    list.Add(RuleName, $"ALTER {definition.Head}DEFINER={definer} {definition.Tail}");
                    break;
                case FactKinds.Event:
                    list.Add(RuleName, $"ALTER DEFINER={definer} EVENT {fact.ObjectName} ON COMPLETION {(definition.Preserves == true ? "PRESERVE" : "NOT PRESERVE")}");
                    break;
                case FactKinds.Trigger:
                    Trigger(fact, definition, definer, replaces, list);
                    break;
                default:
                    Routine(fact, definition, definer, replaces, list);
                    break;
            }

            End(list);
            var word = fact.ObjectType!.ToLowerInvariant();
            yield return new($"definer:{word}:{fact.ObjectName}", $"Moving {word} {fact.ObjectName}", list.Statements);
        }
    }

    /// <summary>An object whose definer has an account that its successor will have, too: every host is cloned. Nothing else stands in the way.</summary>
    public static IEnumerable<PlanBlocker> Blockers(LoginSnapshot source)
    {
        var hosts = source.Facts.Where(fact => fact.Kind == FactKinds.Account).Select(fact => fact.Grantee).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var fact in source.Facts.Where(fact => fact.Kind == FactKinds.Definer && !hosts.Contains(fact.Grantee)))
            yield return new($"{fact.ObjectType!.ToLowerInvariant()} {fact.ObjectName}", "Its definer is an account that is not there.", "Give it another definer.");
    }

    /// <summary>The session is as the object's maker's was: it keeps the sql_mode, the character set and the collation of the session that makes it.</summary>
    private static void Begin(ObjectDefinition definition, StatementList list)
    {
        var settings = new List<string>();
        if (definition.SqlMode is not null)
            settings.Add($"SESSION sql_mode = {MySqlDialect.Literal(definition.SqlMode)}");
        if (definition.CharacterSetClient is not null)
            settings.Add($"SESSION character_set_client = {MySqlDialect.Literal(definition.CharacterSetClient)}");
        if (definition.CollationConnection is not null)
            settings.Add($"SESSION collation_connection = {MySqlDialect.Literal(definition.CollationConnection)}");
        if (definition.TimeZone is not null)
            settings.Add($"SESSION time_zone = {MySqlDialect.Literal(definition.TimeZone)}");
        list.Add(StatementList.SessionRule, $"SET {MySqlDialect.List(settings)}");
    }

    private static void End(StatementList list) =>
        list.Add(StatementList.SessionRule, $"SET NAMES utf8mb4, SESSION sql_mode = '{MySqlDialect.SqlMode}', SESSION time_zone = '+00:00'");

    /// <summary>
    /// MariaDB puts one in the other's place, with what is granted on it. MySQL cannot: dropping it and making it go in one packet, which the server works through
    /// whether its client lives or not; what was granted follows at once.
    /// </summary>
    private static void Routine(PermissionFact fact, ObjectDefinition definition, string definer, bool replaces, StatementList list)
    {
        if (replaces)
        {
            list.Add(RuleName, $"CREATE OR REPLACE DEFINER={definer} {definition.TypeWords} {fact.ObjectName}{definition.Tail}");
            return;
        }

        list.Add(RuleName, $"DROP {fact.ObjectType} {fact.ObjectName}");
        list.Add(RuleName, $"CREATE DEFINER={definer} {definition.TypeWords} {fact.ObjectName}{definition.Tail}");
        foreach (var grant in definition.Grants)
            list.Add(RuleName, $"GRANT {grant}");
    }

    /// <summary>In MySQL under a lock on its table, so that no row is written that the trigger does not see.</summary>
    private static void Trigger(PermissionFact fact, ObjectDefinition definition, string definer, bool replaces, StatementList list)
    {
        var order = definition.Order is null ? "" : " " + definition.Order;
        var text = $"TRIGGER {fact.ObjectName} {definition.TypeWords} ON {definition.Table} FOR EACH ROW{order}{definition.Tail}";
        if (replaces)
        {
            list.Add(RuleName, $"CREATE OR REPLACE DEFINER={definer} {text}");
            return;
        }

        list.Add(StatementList.SessionRule, $"LOCK TABLES {definition.Table} WRITE");
        list.Add(RuleName, $"DROP TRIGGER {fact.ObjectName}");
        list.Add(RuleName, $"CREATE DEFINER={definer} {text}");
        list.Add(StatementList.SessionRule, "UNLOCK TABLES");
    }
}
