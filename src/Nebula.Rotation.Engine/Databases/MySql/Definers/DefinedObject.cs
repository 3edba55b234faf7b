using Nebula.Rotation.Engine.Databases.MySql.Catalog;

namespace Nebula.Rotation.Engine.Databases.MySql.Definers;

/// <summary>An object that the login is the definer of.</summary>
/// <param name="Type">VIEW, FUNCTION, PROCEDURE, TRIGGER, EVENT, or MariaDB's packages.</param>
/// <param name="Database">Where it is.</param>
/// <param name="Name">Its name, unquoted.</param>
/// <param name="Host">The host of the account that is its definer.</param>
/// <param name="Table">A trigger's table.</param>
internal sealed record DefinedObject(string Type, string Database, string Name, string Host, string? Table)
{
    public string QuotedName => MySqlDialect.OnObject(Database, Name);

    public static DefinedObject Read(MySqlRow row)
    {
        var definer = row.Text("definer");
        return new(row.Text("type"), row.Text("db"), row.Text("name"), definer[(definer.LastIndexOf('@') + 1)..], row["on_table"]);
    }
}
