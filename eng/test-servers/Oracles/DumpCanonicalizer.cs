using System.Text;

namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>
/// Turns the statements of a dump into lines that can be compared as a set. The login's name becomes <see cref="DumpReading.LoginToken"/> where it stands as a role,
/// and nowhere else: a schema, a database or a text of the same name keeps it, for a rotation does not rename those.
/// </summary>
internal sealed class DumpCanonicalizer
{
    /// <summary>Stands before the role that granted a right, where the dump names one.</summary>
    public const string By = " GRANTED BY ";

    private readonly string? _database;
    private readonly string _login;

    // What SET statements before a statement say about it.
    private string _grantor = "";
    private SqlToken? _grantorRole;
    private string _tablespace = "";
    private string _accessMethod = "";

    private DumpCanonicalizer(string? database, string login)
    {
        _database = database;
        _login = login;
    }

    public static IReadOnlyList<DumpLine> Lines(string? database, string dump, string login)
    {
        var canonicalizer = new DumpCanonicalizer(database, login);
        return [.. SqlReader.Statements(dump).SelectMany(canonicalizer.Lines)];
    }

    /// <summary>A text as a dump writes it: with a backslash in it, as an escape string (appendStringLiteralConn() in src/fe_utils/string_utils.c).</summary>
    public static string TextLiteral(string text)
    {
        var quoted = $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
        return OnOneLine(quoted.Contains('\\', StringComparison.Ordinal) ? "E" + quoted.Replace("\\", "\\\\", StringComparison.Ordinal) : quoted);
    }

    private IEnumerable<DumpLine> Lines(IReadOnlyList<SqlToken> s)
    {
        switch (s[0].Source)
        {
            case "SET" or "RESET":
                ReadSetting(s);
                return [];
            case "SELECT" when Starts(s, "SELECT", "pg_catalog", ".", "set_config"):
                return [];
            case "COPY":
                throw new FormatException("The dump holds data: only definitions were expected.");
            case "GRANT" or "REVOKE":
                return s.Any(token => token.Is("ON")) ? Privileges(s, 0, s[0].Is("GRANT") ? DumpKind.Grant : DumpKind.Revoke, "", []) : [Membership(s)];
            case "ALTER" when Starts(s, "ALTER", "DEFAULT", "PRIVILEGES"):
                return DefaultPrivileges(s);
            case "ALTER" when Starts(s, "ALTER", "ROLE"):
                return s[3].Is("WITH") ? Attributes(s) : [Line(DumpKind.Setting, s, SettingRoles(s))];
            case "ALTER" when Starts(s, "ALTER", "DATABASE") && s[3].Is("SET"):
                return [Line(DumpKind.Setting, s, SettingRoles(s))];
            case "ALTER" when s.Count > 4 && s[^3].Is("OWNER") && s[^2].Is("TO"):
                return [Line(DumpKind.Owner, s, [s.Count - 1])];
            case "COMMENT" or "SECURITY":
                return [Line(DumpKind.Comment, s, After(s, "ON", "ROLE"))];
            case "CREATE":
                return [Create(s)];
            default:
                return [Line(DumpKind.Definition, s, [])];
        }
    }

    private DumpLine Create(IReadOnlyList<SqlToken> s)
    {
        if (Starts(s, "CREATE", "ROLE"))
            return Line(DumpKind.Role, s, [2]);
        if (Starts(s, "CREATE", "POLICY"))
            return Policy(s);
        if (Starts(s, "CREATE", "USER", "MAPPING", "FOR"))
            return Line(DumpKind.UserMapping, s, [4]);
        if (Starts(s, "CREATE", "TABLESPACE") && s[3].Is("OWNER"))
            return Line(DumpKind.Owner, s, [4]);
        if (Starts(s, "CREATE", "SCHEMA"))
            return Line(DumpKind.Definition, s, After(s, "AUTHORIZATION"));
        var where = Starts(s, "CREATE", "TABLE") || Starts(s, "CREATE", "UNLOGGED", "TABLE") || Starts(s, "CREATE", "MATERIALIZED", "VIEW")
            ? _tablespace + _accessMethod
            : s.Take(3).Any(token => token.Is("INDEX")) ? _tablespace : "";
        return Line(DumpKind.Definition, s, []) is var line && where.Length > 0 ? line with { Text = line.Text + where } : line;
    }

    /// <summary>Remembers what later statements depend on. The rest of SET is the same in every dump.</summary>
    private void ReadSetting(IReadOnlyList<SqlToken> s)
    {
        if (Starts(s, "SET", "SESSION", "AUTHORIZATION"))
        {
            _grantorRole = s[3].Is("DEFAULT") ? null : s[3];
            _grantor = _grantorRole is { } role ? By + Role(role) : "";
        }
        else if (Starts(s, "RESET", "SESSION", "AUTHORIZATION"))
        {
            (_grantorRole, _grantor) = (null, "");
        }
        else if (Starts(s, "SET", "default_tablespace"))
        {
            _tablespace = s[3].Value.Length == 0 ? "" : " TABLESPACE " + s[3].OnOneLine();
        }
        else if (Starts(s, "SET", "default_table_access_method"))
        {
            _accessMethod = " USING " + s[3].OnOneLine();
        }
    }

    /// <summary>GRANT a, b ON object TO role WITH GRANT OPTION: a line for each privilege.</summary>
    private IEnumerable<DumpLine> Privileges(IReadOnlyList<SqlToken> s, int from, DumpKind kind, string before, IReadOnlyList<SqlToken> rolesBefore)
    {
        var revoke = s[from].Is("REVOKE");
        var on = IndexAtDepth0(s, from, "ON");
        var to = LastAtDepth0(s, revoke ? "FROM" : "TO");
        var by = LastAtDepth0(s, "GRANTED");
        var end = by > to ? by : s.Count;
        var target = Text(s, on, to);
        var option = Text(s, to + 2, end);
        var grantor = by > to ? By + Role(s[by + 2]) : _grantor;
        var roles = new List<SqlToken>(rolesBefore) { s[to + 1] };
        if (by > to)
            roles.Add(s[by + 2]);
        else if (_grantorRole is { } role)
            roles.Add(role);

        var first = from + 1;
        var prefix = before + s[from].Source + " ";
        if (revoke && s[first].Is("GRANT") && s[first + 1].Is("OPTION"))
        {
            first += 3;
            prefix += "GRANT OPTION FOR ";
        }

        foreach (var privilege in SplitByComma(s, first, on))
        {
            yield return new DumpLine(
                _database, kind, $"{prefix}{privilege} {target} {s[to].Source} {Role(s[to + 1])}{(option.Length > 0 ? " " : "")}{option}{grantor}", Names(roles));
        }
    }

    private IEnumerable<DumpLine> DefaultPrivileges(IReadOnlyList<SqlToken> s)
    {
        var action = Enumerable.Range(3, s.Count - 3).First(i => s[i].Is("GRANT") || s[i].Is("REVOKE"));
        var definer = After(s, "FOR", "ROLE").ToList();
        return Privileges(s, action, DumpKind.DefaultPrivilege, Text(s, 0, action, definer) + " ", [.. definer.Select(i => s[i])]);
    }

    /// <summary>GRANT role TO member WITH … GRANTED BY grantor: all three are roles.</summary>
    private DumpLine Membership(IReadOnlyList<SqlToken> s)
    {
        var to = LastAtDepth0(s, s[0].Is("REVOKE") ? "FROM" : "TO");
        var by = LastAtDepth0(s, "GRANTED");
        return Line(DumpKind.Membership, s, by > to ? [to - 1, to + 1, by + 2] : [to - 1, to + 1]);
    }

    /// <summary>ALTER ROLE x WITH NOSUPERUSER … PASSWORD '…': a line for each attribute. Of a password only that there is one.</summary>
    private IEnumerable<DumpLine> Attributes(IReadOnlyList<SqlToken> s)
    {
        for (var i = 4; i < s.Count; i++)
        {
            var attribute = s[i].Source;
            if (s[i].Is("PASSWORD"))
            {
                attribute += " <set>";
                i++;
            }
            else if (s[i].Is("CONNECTION") || s[i].Is("VALID"))
            {
                attribute = Text(s, i, i + 3);
                i += 2;
            }

            yield return new DumpLine(_database, DumpKind.Attribute, $"ALTER ROLE {Role(s[2])} WITH {attribute}", Names([s[2]]));
        }
    }

    /// <summary>CREATE POLICY p ON t FOR … TO b, a USING (…): the roles are a set.</summary>
    private DumpLine Policy(IReadOnlyList<SqlToken> s)
    {
        var to = IndexAtDepth0(s, 0, "TO");
        if (to < 0)
            return Line(DumpKind.Policy, s, []);
        var end = Enumerable.Range(to, s.Count - to).FirstOrDefault(i => s[i].Is("USING") || s[i].Is("WITH"), s.Count);
        var roles = s.Skip(to + 1).Take(end - to - 1).Where(token => !token.IsSymbol(',')).ToList();
        var list = string.Join(", ", roles.Select(Role).Order(StringComparer.Ordinal));
        return new DumpLine(_database, DumpKind.Policy, $"{Text(s, 0, to + 1)} {list} {Text(s, end, s.Count)}".TrimEnd(), Names(roles));
    }

    /// <summary>Whose setting it is; and the value, where that is a role.</summary>
    private static List<int> SettingRoles(IReadOnlyList<SqlToken> s)
    {
        List<int> roles = s[1].Is("ROLE") ? [2] : [];
        var set = Enumerable.Range(3, s.Count - 3).First(i => s[i].Is("SET"));
        if (s[set + 1].Value is "role" or "session_authorization")
            roles.Add(s.Count - 1);
        return roles;
    }

    private DumpLine Line(DumpKind kind, IReadOnlyList<SqlToken> s, IEnumerable<int> roles)
    {
        var positions = roles.ToList();
        return new DumpLine(_database, kind, Text(s, 0, s.Count, positions), Names(positions.Select(i => s[i])));
    }

    private string Text(IReadOnlyList<SqlToken> s, int from, int to, IReadOnlyCollection<int>? roles = null)
    {
        var text = new StringBuilder();
        for (var i = from; i < to; i++)
        {
            if (i > from && s[i].SpaceBefore)
                text.Append(' ');
            text.Append(roles?.Contains(i) == true ? Role(s[i]) : s[i].OnOneLine());
        }

        return text.ToString();
    }

    private string Role(SqlToken token) => IsName(token) && token.Value == _login ? DumpReading.LoginToken : token.OnOneLine();

    private static HashSet<string> Names(IEnumerable<SqlToken> roles) => [.. roles.Where(IsName).Select(role => role.Value)];

    /// <summary>PUBLIC is no role; a role of that name cannot be.</summary>
    private static bool IsName(SqlToken token) => !token.Is("PUBLIC");

    private static bool Starts(IReadOnlyList<SqlToken> s, params ReadOnlySpan<string> words)
    {
        if (s.Count < words.Length)
            return false;
        for (var i = 0; i < words.Length; i++)
        {
            if (s[i].Source != words[i])
                return false;
        }

        return true;
    }

    /// <summary>The position after the first place where the words stand; none if they do not.</summary>
    private static IEnumerable<int> After(IReadOnlyList<SqlToken> s, params string[] words) =>
        Enumerable.Range(0, Math.Max(0, s.Count - words.Length))
            .Where(i => words.Index().All(word => s[i + word.Index].Is(word.Item)))
            .Select(i => i + words.Length)
            .Take(1);

    private static int IndexAtDepth0(IReadOnlyList<SqlToken> s, int from, string keyword) => AtDepth0(s, keyword).FirstOrDefault(i => i >= from, -1);

    private static int LastAtDepth0(IReadOnlyList<SqlToken> s, string keyword) => AtDepth0(s, keyword).LastOrDefault(-1);

    private static IEnumerable<int> AtDepth0(IReadOnlyList<SqlToken> s, string keyword)
    {
        var depth = 0;
        for (var i = 0; i < s.Count; i++)
        {
            if (s[i].IsSymbol('('))
                depth++;
            else if (s[i].IsSymbol(')'))
                depth--;
            else if (depth == 0 && s[i].Is(keyword))
                yield return i;
        }
    }

    private IEnumerable<string> SplitByComma(IReadOnlyList<SqlToken> s, int from, int to)
    {
        var (depth, start) = (0, from);
        for (var i = from; i < to; i++)
        {
            if (s[i].IsSymbol('('))
                depth++;
            else if (s[i].IsSymbol(')'))
                depth--;
            else if (depth == 0 && s[i].IsSymbol(','))
            {
                yield return Text(s, start, i);
                start = i + 1;
            }
        }

        yield return Text(s, start, to);
    }

    private static string OnOneLine(string text) => new SqlToken(SqlTokenKind.Text, text, text, false).OnOneLine();
}
