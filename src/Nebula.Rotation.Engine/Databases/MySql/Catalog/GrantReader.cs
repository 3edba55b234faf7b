namespace Nebula.Rotation.Engine.Databases.MySql.Catalog;

/// <summary>Grants on databases, tables, columns and routines, from the grant tables that bear their names.</summary>
internal static class GrantReader
{
    /// <summary>The name may be a pattern: it is kept, and granted again, as it stands.</summary>
    public static void ReadDatabases(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            foreach (var privilege in PrivilegeNames.OfColumns(row))
                Add(builder, row, FactKinds.DatabaseType, MySqlDialect.OnDatabase(row.Text("Db")), null, privilege);
        }
    }

    public static void ReadTables(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            var name = MySqlDialect.OnObject(row.Text("Db"), row.Text("Table_name"));
            foreach (var privilege in PrivilegeNames.OfSet(row["Table_priv"]))
            {
                Add(builder, row, FactKinds.Table, name, null, privilege);
                if (!row.IsYes("is_there"))
                    builder.AddTo(HintNames.MissingTables, name);
            }
        }
    }

    public static void ReadColumns(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            var (table, column) = (MySqlDialect.OnObject(row.Text("Db"), row.Text("Table_name")), MySqlDialect.Identifier(row.Text("Column_name")));
            foreach (var privilege in PrivilegeNames.OfSet(row["Column_priv"]))
            {
                if (row.IsYes("is_there"))
                    Add(builder, row, FactKinds.Column, table, column, privilege);
                else
                    builder.AddTo(HintNames.Dead, $"{privilege} ({column}) on {table}");
            }
        }
    }

    public static void ReadRoutines(IEnumerable<MySqlRow> rows, SnapshotBuilder builder)
    {
        foreach (var row in rows)
        {
            var name = MySqlDialect.OnObject(row.Text("Db"), row.Text("Routine_name"));
            foreach (var privilege in PrivilegeNames.OfSet(row["Proc_priv"]))
            {
                if (row.IsYes("is_there"))
                    Add(builder, row, row.Text("Routine_type"), name, null, privilege);
                else if (System.Text.Ascii.IsValid(name))
                    builder.AddTo(HintNames.Dead, $"{privilege} on {row.Text("Routine_type").ToLowerInvariant()} {name}");
            }
        }
    }

    private static void Add(SnapshotBuilder builder, MySqlRow row, string type, string name, string? column, string privilege)
    {
        // A row may outlive its account, or be a role's of the same name.
        var host = row.Text("Host");
        if (!builder.Hosts.Contains(host, StringComparer.OrdinalIgnoreCase))
            return;
        builder.Add(new()
        {
            Kind = FactKinds.Privilege,
            ObjectType = type,
            ObjectName = name,
            SubName = column,
            Name = privilege,
            Grantee = MySqlDialect.FactAccount(host),
        });
    }
}
