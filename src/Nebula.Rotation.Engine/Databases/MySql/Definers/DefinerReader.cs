using System.Text;
using System.Text.Json;
using Nebula.Rotation.Engine.Databases.MySql.Catalog;

namespace Nebula.Rotation.Engine.Databases.MySql.Definers;

/// <summary>
/// Reads how the objects were made of which the login is the definer, and decides which move. A view and an event move by ALTER, without a moment in which they
/// are not there; a routine and a trigger can only be made again, which is done when it is asked for.
/// </summary>
internal sealed class DefinerReader(MySqlSession session, bool recreates)
{
    public async Task ReadAsync(IReadOnlyList<DefinedObject> objects, SnapshotBuilder builder, CancellationToken cancellationToken)
    {
        var wanted = objects.Where(item => Moves(item.Type)).ToList();
        foreach (var item in objects.Except(wanted))
            Add(builder, item, isMoved: false);
        if (wanted.Count == 0)
            return;

        var sql = new StringBuilder();
        foreach (var item in wanted)
        {
            sql.Append("SHOW CREATE ").Append(item.Type).Append(' ').Append(item.QuotedName).Append(';');
            sql.Append(More(item)).Append(';');
        }

        var results = new List<List<MySqlRow>>(wanted.Count * 2);
        await using (var command = session.Command(sql.ToString()))
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            do
            {
                results.Add(await MySqlRow.ReadAllAsync(rows, cancellationToken));
            }
            while (await rows.NextResultAsync(cancellationToken));
        }

        for (var index = 0; index < wanted.Count; index++)
            Read(wanted[index], results[index * 2], results[(index * 2) + 1], builder);
    }

    private bool Moves(string type) => type is FactKinds.View or FactKinds.Event || (recreates && type is FactKinds.Function or FactKinds.Procedure or FactKinds.Trigger);

    /// <summary>What SHOW CREATE does not say: who may call a routine, which other triggers there are, whether an event stays.</summary>
    private static string More(DefinedObject item)
    {
        var (database, name) = (MySqlDialect.Literal(item.Database), MySqlDialect.Literal(item.Name));
        return item.Type switch
        {
            FactKinds.Function or FactKinds.Procedure =>
                $"SELECT p.User, p.Host, p.Proc_priv, s.DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA AS s LEFT JOIN mysql.procs_priv AS p ON p.Db = {database} AND p.Routine_name = {name} AND p.Routine_type = '{item.Type}' WHERE s.SCHEMA_NAME = {database}",
            FactKinds.Trigger =>
                $"""
                SELECT t.TRIGGER_NAME, s.DEFAULT_COLLATION_NAME
                FROM information_schema.SCHEMATA AS s JOIN information_schema.TRIGGERS AS t ON t.TRIGGER_SCHEMA = {database} AND t.EVENT_OBJECT_TABLE = {MySqlDialect.Literal(item.Table!)}
                JOIN information_schema.TRIGGERS AS me ON me.TRIGGER_SCHEMA = {database} AND me.TRIGGER_NAME = {name} AND me.EVENT_MANIPULATION = t.EVENT_MANIPULATION AND me.ACTION_TIMING = t.ACTION_TIMING
                WHERE s.SCHEMA_NAME = {database}
                ORDER BY t.ACTION_ORDER
                """,
            FactKinds.Event => $"SELECT ON_COMPLETION FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {database} AND EVENT_NAME = {name}",
            _ => "SELECT 1",
        };
    }

    private void Read(DefinedObject item, List<MySqlRow> shown, List<MySqlRow> more, SnapshotBuilder builder)
    {
        var definition = Define(item, shown is [var row] ? row : null, more, builder);
        if (definition is not null)
        {
            builder.Hint(HintNames.Of(HintNames.Definition, $"{item.Type} {item.QuotedName}"), JsonSerializer.Serialize(definition));
            Add(builder, item, isMoved: true);
            return;
        }

        Add(builder, item, isMoved: false);
        if (recreates)
        {
            builder.Block(new(
                $"{item.Type.ToLowerInvariant()} {item.QuotedName}",
                "The login is its definer, and it cannot be made again exactly as it is: its text is not to be read by this admin, or was written in another character set or under another collation of its database.",
                $"Make it again by hand with another definer, or leave the option {MySqlOptions.DefinersName} out."));
        }
    }

    private static ObjectDefinition? Define(DefinedObject item, MySqlRow? row, List<MySqlRow> more, SnapshotBuilder builder)
    {
        var text = row?[item.Type switch
        {
            FactKinds.View => "Create View",
            FactKinds.Event => "Create Event",
            FactKinds.Trigger => "SQL Original Statement",
            FactKinds.Function => "Create Function",
            _ => "Create Procedure",
        }];
        var characterSet = row?["character_set_client"];
        // We send UTF-8; what is ASCII is the same in every character set that a client may have.
        if (text is null || CreateText.SplitAtDefiner(text) is not { } parts || !(Ascii.IsValid(text) || characterSet?.StartsWith("utf8", StringComparison.Ordinal) == true))
            return null;
        // The driver looks for parameters in what it sends, and reads texts as our own sql_mode has them.
        if (text.Contains('?', StringComparison.Ordinal) && text.Contains('\\', StringComparison.Ordinal) && row!["sql_mode"]?.Contains("NO_BACKSLASH_ESCAPES", StringComparison.Ordinal) == true)
            return null;
        var definition = new ObjectDefinition
        {
            Database = item.Database,
            Name = item.Name,
            Head = parts.Head,
            Tail = parts.Tail,
            // The server writes a view's text out for an empty sql_mode, whatever its maker's was.
            SqlMode = item.Type == FactKinds.View ? MySqlDialect.SqlMode : row!["sql_mode"],
            CharacterSetClient = characterSet,
            CollationConnection = row!["collation_connection"],
            TimeZone = row["time_zone"],
        };
        var sameCollation = row["Database Collation"] is not { } collation || more.Count == 0 || more[0]["DEFAULT_COLLATION_NAME"] is not { } present || present == collation;
        switch (item.Type)
        {
            case FactKinds.View:
                return definition;
            case FactKinds.Event:
                return definition with { Preserves = more is [var one] && one.Text("ON_COMPLETION") == "PRESERVE" };
            case FactKinds.Trigger:
                if (!sameCollation || CreateText.SplitTrigger(parts.Tail) is not { } trigger)
                    return null;
                var all = more.Select(other => other.Text("TRIGGER_NAME")).ToList();
                var place = all.IndexOf(item.Name);
                return definition with
                {
                    TypeWords = trigger.Moment,
                    Tail = trigger.Body,
                    Table = MySqlDialect.OnObject(item.Database, item.Table!),
                    Order = place > 0 ? $"FOLLOWS {MySqlDialect.Identifier(all[place - 1])}" : all.Count > 1 ? $"PRECEDES {MySqlDialect.Identifier(all[1])}" : null,
                };
            default:
                if (!sameCollation || CreateText.SplitAtRoutine(parts.Tail) is not { } routine)
                    return null;
                // Where it is dropped first, what is granted on it must be read, which names beyond ASCII in mysql.procs_priv do not allow.
                if (!builder.Server.Has(MySqlFeatures.ReplacesRoutines) && !(Ascii.IsValid(item.QuotedName) && more.TrueForAll(grant => Ascii.IsValid(grant.Text("User")))))
                    return null;
                return definition with
                {
                    TypeWords = routine.Words,
                    Tail = routine.Text,
                    Grants = [.. more.Where(grant => grant["User"] is not null).Select(grant => Grant(item, grant, builder))],
                };
        }
    }

    private static string Grant(DefinedObject item, MySqlRow row, SnapshotBuilder builder)
    {
        var privileges = PrivilegeNames.OfSet(row["Proc_priv"]).ToList();
        var option = privileges.Remove(FactKinds.GrantOption) ? " WITH GRANT OPTION" : "";
        return $"{(privileges.Count == 0 ? "USAGE" : MySqlDialect.List(privileges))} ON {item.Type} {item.QuotedName} TO "
            + MySqlDialect.Role(row.Text("User"), row.Text("Host"), builder.RolesAreAccounts || row.Text("Host").Length > 0) + option;
    }

    private static void Add(SnapshotBuilder builder, DefinedObject item, bool isMoved) => builder.Add(new()
    {
        Kind = isMoved ? FactKinds.Definer : FactKinds.KeptDefiner,
        Database = item.Database,
        ObjectType = item.Type,
        ObjectName = item.QuotedName,
        Name = "DEFINER",
        Grantee = MySqlDialect.FactAccount(item.Host),
        IsExclusive = isMoved,
    });
}
