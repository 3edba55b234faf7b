using System.Text.RegularExpressions;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Mentions;

/// <summary>What an expression, a definition or a function's source says about the login. Pure.</summary>
/// <param name="username">The login's name.</param>
/// <param name="alternate">The name that takes turns with it, if there is one.</param>
internal sealed partial class MentionText(string username, string? alternate = null)
{
    private const string AskForRole = "Let it ask for a role that the login is a member of, as pg_has_role(current_user, 'role', 'member') does.";

    private readonly Regex _asRole = new(
        $"""has_[a-z_]+\(\s*{Quoted(username)}|{Quoted(username)}\s*::\s*(pg_catalog\s*\.\s*)?regrole|\bset\s+((local|session)\s+)?(role|(session\s+)?authorization)\s*(=|\bto\b)?\s*({Regex.Escape(PostgreSqlDialect.Identifier(username))}|{Quoted(username)}|{Regex.Escape(username)}(?![\w$]))""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private readonly Regex _named = Named(username);

    private readonly Regex? _alternateNamed = alternate is null ? null : Named(alternate);

    /// <summary>The mention, or null when the text says nothing of the login.</summary>
    /// <param name="objectName">What the text belongs to.</param>
    /// <param name="isFunction">True for a source: there = is an assignment too, and "user" may be a column.</param>
    /// <param name="text">As the server writes it, or as its author did.</param>
    public Mention? Find(string objectName, bool isFunction, string text)
    {
        // Memberships are the next login's too.
        var rest = AsksForRole().Replace(text, "");
        var uses = UserFunction().IsMatch(rest) || !isFunction && UserKeyword().IsMatch(rest);
        var named = _named.IsMatch(rest);
        if ((_asRole.IsMatch(text) || named && uses) && _alternateNamed?.IsMatch(rest) == true)
            return new(objectName, $"It names {username} and {alternate}, which take turns; see whether it says the same of both.", null);
        if (_asRole.IsMatch(text) || named && uses)
            return new(objectName, $"It names {username}, and will not work so for the next login.", AskForRole);
        if (uses && !isFunction && Comparison().IsMatch(rest))
            return new(objectName, "It compares the current user's name: what it says of the login it will not say of the next one.", AskForRole);
        if (named)
            return new(objectName, $"It has {username} as a text; see whether that means the login.", null);
        return uses ? new(objectName, "It uses the current user's name, which will be another one.", null) : null;
    }

    private static Regex Named(string username) => new(
        $"""{Quoted(username)}|{Regex.Escape(PostgreSqlDialect.Identifier(username))}(?!\s*\.)""", RegexOptions.CultureInvariant);

    private static string Quoted(string username) => $"'{Regex.Escape(username.Replace("'", "''", StringComparison.Ordinal))}'";

    [GeneratedRegex(@"\bhas_[a-z_]+\(\s*(current_user|session_user|current_role|user)\b|\bpg_has_role\(\s*\(?(current_user|session_user|current_role|user)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AsksForRole();

    [GeneratedRegex(@"\b(current_user|session_user|current_role)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex UserFunction();

    /// <summary>USER as the server writes it.</summary>
    [GeneratedRegex(@"(?<![""\w])USER(?![""\w])", RegexOptions.CultureInvariant)]
    private static partial Regex UserKeyword();

    [GeneratedRegex(
        """
        ((=|<>|~|\bLIKE\b|\bIN\b|\bANY\b|\bDISTINCT\s+FROM\b)[\s(]*(\bCURRENT_USER\b|\bSESSION_USER\b|\bCURRENT_ROLE\b|(?<!["\w])USER\b))
        |((\bCURRENT_USER\b|\bSESSION_USER\b|\bCURRENT_ROLE\b|(?<!["\w])USER\b)(\s*\)|\s*::\s*"?[a-z_]+"?(\s+varying)?(\(\d+\))?)*\s*(=|<>|~|\bLIKE\b|\bIN\b|\bIS\s+(NOT\s+)?DISTINCT\b))
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Comparison();
}
