using System.Text;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>
/// Quoting, limits and words of MySQL and MariaDB. The only place where a name or value becomes SQL. The room's sessions run with an empty sql_mode,
/// whatever the server's is (NO_BACKSLASH_ESCAPES, ANSI_QUOTES): literals mean one thing, to the server and to the driver that looks for parameters.
/// </summary>
internal static class MySqlDialect
{
    /// <summary>The sql_mode of the room's own sessions.</summary>
    public const string SqlMode = "";

    /// <summary>The longest user name that every supported server takes, in characters (manual, "Grant Tables": 32). MariaDB takes more.</summary>
    public const int MaxUsername = 32;

    /// <summary>The longest that any supported server takes.</summary>
    public const int LongestUsername = 128;

    /// <summary>The longest name of a database.</summary>
    public const int MaxName = 64;

    /// <summary>Stands for the login in an account of a fact.</summary>
    private const string LoginAt = PermissionFact.Login + "@";

    public static UsernameRules UsernameRules { get; } = new(MaxUsername, name => name.EnumerateRunes().Count(), "characters", ["mysql.", "mariadb."]);

    /// <summary>A name as an identifier; always quoted. Backticks mean the same in every sql_mode.</summary>
    public static string Identifier(string name)
    {
        if (name.Contains('\0', StringComparison.Ordinal))
            throw new RotationException(RotationErrorCode.InvalidArgument, "A name cannot hold a zero character.");
        return "`" + name.Replace("`", "``", StringComparison.Ordinal) + "`";
    }

    /// <summary>A text as a literal, for a session with <see cref="SqlMode"/>.</summary>
    public static string Literal(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new RotationException(RotationErrorCode.InvalidArgument, "A text cannot hold a zero character.");
        return "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";
    }

    /// <summary>An account as statements name it. In backticks, which mean the same in every sql_mode (manual, "Specifying Account Names").</summary>
    public static string Account(string user, string host) => $"{Identifier(user)}@{Identifier(host)}";

    /// <summary>A role as statements name it: an account, or a name alone where roles are no accounts.</summary>
    public static string Role(string user, string host, bool rolesAreAccounts) => rolesAreAccounts ? Account(user, host) : Identifier(user);

    /// <summary>An account of the login, in a fact.</summary>
    public static string FactAccount(string host) => LoginAt + host;

    /// <summary>Whether an account of a fact is one of the login's.</summary>
    public static bool IsLogin(string? account) => account?.StartsWith(LoginAt, StringComparison.Ordinal) == true;

    /// <summary>The host of an account of the login in a fact.</summary>
    public static string HostOf(string? account) =>
        IsLogin(account) ? account![LoginAt.Length..] : throw new ArgumentException($"'{account}' is no account of the login.", nameof(account));

    /// <summary>An account or a role of a fact as statements name it.</summary>
    public static string Render(string? account, string username) => IsLogin(account) ? Account(username, HostOf(account)) : account!;

    /// <summary>A database's name, or the pattern of names that a grant is for, before the dot.</summary>
    public static string OnDatabase(string database) => Identifier(database) + ".*";

    public static string OnObject(string database, string name) => $"{Identifier(database)}.{Identifier(name)}";

    /// <summary>Bytes as a hexadecimal literal.</summary>
    public static string Hexadecimal(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexString(bytes);

    /// <summary>Throws InvalidArgument for a user name that no server of this family takes.</summary>
    public static void ValidateUsername(string username)
    {
        if (username.Length == 0)
            throw Invalid("The user name is empty: an anonymous account belongs to nobody and cannot be rotated.");
        if (username.Any(character => char.IsSurrogate(character) || character == '\0'))
            throw Invalid("The user name has a character that the server's grant tables cannot hold (they are utf8mb3).");
        if (username.EnumerateRunes().Count() > LongestUsername)
            throw Invalid($"The user name has {username.Length} characters; no server takes more than {LongestUsername}.");
        if (username.EndsWith(' '))
            throw Invalid("The user name ends with a blank, which the server cuts off.");
    }

    /// <summary>Words with commas between them.</summary>
    public static string List(IEnumerable<string> parts) => new StringBuilder().AppendJoin(", ", parts).ToString();

    private static RotationException Invalid(string message) => new(RotationErrorCode.InvalidArgument, message, "Nothing was changed. Give another one.");
}
