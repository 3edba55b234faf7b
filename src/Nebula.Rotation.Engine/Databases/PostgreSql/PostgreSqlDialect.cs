using System.Text;

namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>Quoting, limits and words of PostgreSQL. The only place where a name or value becomes SQL.</summary>
internal static class PostgreSqlDialect
{
    /// <summary>The longest name in bytes (NAMEDATALEN - 1); the server cuts a longer one silently (manual, "Identifiers and Key Words").</summary>
    public const int MaxNameBytes = 63;

    /// <summary>The pseudo-role that everybody is in.</summary>
    public const string Public = "PUBLIC";

    /// <summary>
    /// Settings that hold a list of names: each element is quoted by itself, where other settings are one literal
    /// (variable_is_guc_list_quote() in src/bin/pg_dump/dumputils.c).
    /// </summary>
    private static readonly HashSet<string> NameLists = new(StringComparer.OrdinalIgnoreCase)
    {
        "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories",
    };

    public static UsernameRules UsernameRules { get; } = new(MaxNameBytes, Encoding.UTF8.GetByteCount, "bytes", ["pg_"]);

    /// <summary>A name as an identifier; always quoted, so that case, blanks and words of SQL do not matter.</summary>
    public static string Identifier(string name)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
            throw new RotationException(RotationErrorCode.InvalidArgument, "A PostgreSQL name cannot be empty or hold a zero character.");
        return "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }

    /// <summary>A setting's name: an extension's has a dot between two identifiers (manual, "Customized Options").</summary>
    public static string DottedName(string name) => string.Join('.', name.Split('.').Select(Identifier));

    /// <summary>
    /// A text as a literal that means the same whatever standard_conforming_strings is (manual, "String Constants with C-Style Escapes").
    /// </summary>
    public static string Literal(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new RotationException(RotationErrorCode.InvalidArgument, "A PostgreSQL text cannot hold a zero character.");
        var quoted = "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
        return quoted.Contains('\\', StringComparison.Ordinal) ? "E" + quoted.Replace("\\", "\\\\", StringComparison.Ordinal) : quoted;
    }

    /// <summary>Literals with commas between them; an empty list is the empty name, which SET takes for "none".</summary>
    public static string Literals(IReadOnlyCollection<string> elements) => elements.Count == 0 ? "''" : string.Join(", ", elements.Select(Literal));

    /// <summary>The right-hand side of ALTER ROLE … SET for a value as pg_db_role_setting has it.</summary>
    public static string SettingValue(string name, string stored) =>
        NameLists.Contains(name) ? Literals(SplitNames(stored, foldCase: false)) : Literal(stored);

    /// <summary>
    /// The elements of a list of names (SplitGUCList() in src/bin/pg_dump/dumputils.c). A server that looks names up folds the ones without
    /// quotes to lower case (SplitIdentifierString()); one that copies them does not.
    /// </summary>
    public static IReadOnlyList<string> SplitNames(string list, bool foldCase)
    {
        var elements = new List<string>();
        var at = 0;
        while (true)
        {
            while (at < list.Length && char.IsWhiteSpace(list[at]))
                at++;
            if (at >= list.Length)
                return elements;
            var element = new StringBuilder();
            if (list[at] == '"')
            {
                for (at++; at < list.Length; at++)
                {
                    if (list[at] != '"')
                        element.Append(list[at]);
                    else if (at + 1 < list.Length && list[at + 1] == '"')
                        element.Append(list[at++]);
                    else
                        break;
                }

                at++;
            }
            else
            {
                while (at < list.Length && list[at] != ',' && !char.IsWhiteSpace(list[at]))
                    element.Append(foldCase ? char.ToLowerInvariant(list[at++]) : list[at++]);
            }

            elements.Add(element.ToString());
            while (at < list.Length && list[at] != ',')
                at++;
            at++;
        }
    }

    /// <summary>The word of GRANT … ON and ALTER … OWNER TO for a kind of object as facts have it.</summary>
    public static string Keyword(string objectType) => objectType switch
    {
        // One word for all three: an aggregate without arguments is written (*) with AGGREGATE and () with ROUTINE, which is what the catalog gives.
        "FUNCTION" or "PROCEDURE" or "AGGREGATE" => "ROUTINE",
        "STATISTICS OBJECT" => "STATISTICS",
        "FOREIGN-DATA WRAPPER" => "FOREIGN DATA WRAPPER",
        _ => objectType,
    };

    /// <summary>The word of GRANT … ON, which knows views and foreign tables as tables.</summary>
    public static string GrantKeyword(string objectType) => objectType switch
    {
        "VIEW" or "MATERIALIZED VIEW" or "FOREIGN TABLE" => "TABLE",
        "SERVER" => "FOREIGN SERVER",
        "PARAMETER ACL" => "PARAMETER",
        _ => Keyword(objectType),
    };

    /// <summary>Throws InvalidArgument for a user name that the server refuses or cuts.</summary>
    public static void ValidateUsername(string username)
    {
        if (username.Length == 0)
            throw new RotationException(RotationErrorCode.InvalidArgument, "The user name is empty.", "Give the name of a PostgreSQL role.");
        if (Encoding.UTF8.GetByteCount(username) is var bytes and > MaxNameBytes)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The user name '{username}' is {bytes} bytes long; PostgreSQL takes {MaxNameBytes} and would silently cut it.",
                "Use a shorter name.");
        }

        if (username.Contains('\0', StringComparison.Ordinal))
            throw new RotationException(RotationErrorCode.InvalidArgument, "A PostgreSQL user name cannot hold a zero character.", "Use another name.");
        // "none" and "public" are refused by the server whatever their quoting (IsReservedName() and check_rolespec_name() in the server's source).
        if (username is "public" or "none" || UsernameRules.ReservedPrefixes.Any(prefix => username.StartsWith(prefix, StringComparison.Ordinal)))
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"PostgreSQL keeps the user name '{username}' for itself.", "Use a name that is not public or none and does not begin with pg_.");
        }
    }
}
