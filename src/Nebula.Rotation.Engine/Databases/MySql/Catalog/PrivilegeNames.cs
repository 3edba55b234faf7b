namespace Nebula.Rotation.Engine.Databases.MySql.Catalog;

/// <summary>The words that grant tables have for privileges, as GRANT has them (manual, "Grant Tables", "Privileges Provided by MySQL").</summary>
internal static class PrivilegeNames
{
    private const string ColumnSuffix = "_priv";

    /// <summary>Columns whose privilege is not their own name with blanks.</summary>
    private static readonly Dictionary<string, string> ByColumn = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Grant_priv"] = FactKinds.GrantOption,
        ["Show_db_priv"] = "SHOW DATABASES",
        ["Create_tmp_table_priv"] = "CREATE TEMPORARY TABLES",
        ["Repl_slave_priv"] = "REPLICATION SLAVE",
        ["Repl_client_priv"] = "REPLICATION CLIENT",
    };

    /// <summary>Words in SET columns that are not the privilege's own.</summary>
    private static readonly Dictionary<string, string> ByWord = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Grant"] = FactKinds.GrantOption,
        ["Delete versioning rows"] = "DELETE HISTORY",
    };

    /// <summary>The privileges whose column says yes.</summary>
    public static IEnumerable<string> OfColumns(MySqlRow row) =>
        from column in row.Columns
        where column.Key.EndsWith(ColumnSuffix, StringComparison.OrdinalIgnoreCase) && column.Value == "Y"
        select ByColumn.GetValueOrDefault(column.Key) ?? column.Key[..^ColumnSuffix.Length].Replace('_', ' ').ToUpperInvariant();

    /// <summary>The privileges in a SET column.</summary>
    public static IEnumerable<string> OfSet(string? set) =>
        from word in (set ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)
        select ByWord.GetValueOrDefault(word) ?? word.ToUpperInvariant();
}
