using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>
/// The statements of the tables in PostgreSQL's words: parameters begin with @, tables are named with their schema (a pooler keeps no search_path for
/// anybody), and the list in a parameter is an array of JSON there, too. Statements hold names and no values, so there is nothing else to mistake.
/// </summary>
internal static partial class PostgreSqlText
{
    /// <summary>The schema that the tables are in.</summary>
    public const string Schema = "nebula";

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    /// <summary>The statement in PostgreSQL's words.</summary>
    public static string Translate(string sql) => Known.GetOrAdd(sql, static text =>
    {
        text = TableName().Replace(text, $"$1 {Schema}.$2");
        text = ListParameter().Replace(text, "SELECT jsonb_array_elements_text($1::jsonb)");
        return ParameterName().Replace(text, "@$1");
    });

    [GeneratedRegex(@"\b(FROM|JOIN|INTO|UPDATE) (meta|scopes|credentials|versions|leases|rotations|journal|stages|audit|schema_version)\b")]
    private static partial Regex TableName();

    [GeneratedRegex(@"SELECT value FROM json_each\((\$\w+)\)")]
    private static partial Regex ListParameter();

    [GeneratedRegex(@"\$(\w+)")]
    private static partial Regex ParameterName();
}
