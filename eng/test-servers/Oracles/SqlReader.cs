using System.Text;

namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>
/// Splits the text of a dump into statements, each a list of tokens, as psql does (src/fe_utils/psqlscan.l): quotes, dollar quotes, nested comments,
/// parentheses, and the bodies of SQL functions (BEGIN ATOMIC … END) keep their semicolons; lines for psql itself (\connect, \restrict) are dropped.
/// </summary>
internal sealed class SqlReader
{
    private readonly string _text;
    private int _at;

    private SqlReader(string text) => _text = text;

    public static IEnumerable<IReadOnlyList<SqlToken>> Statements(string dump)
    {
        var reader = new SqlReader(dump);
        var statement = new List<SqlToken>();
        var (parentheses, blocks) = (0, 0);
        while (reader.Next(atStart: statement.Count == 0) is { } token)
        {
            if (token.IsSymbol(';') && parentheses == 0 && blocks == 0)
            {
                if (statement.Count > 0)
                    yield return statement;
                statement = [];
                continue;
            }

            statement.Add(token);
            if (token.IsSymbol('('))
                parentheses++;
            else if (token.IsSymbol(')'))
                parentheses--;
            else if (token.Kind is SqlTokenKind.Word && parentheses == 0 && IsRoutine(statement))
                blocks += BlockChange(token, blocks);
        }

        if (statement.Count > 0)
            throw new FormatException($"The dump ends inside of a statement: {string.Join(' ', statement.Take(8).Select(token => token.Source))} …");
    }

    private static bool IsRoutine(List<SqlToken> statement) =>
        statement[0].Is("CREATE") && statement.Take(4).Any(token => token.Is("FUNCTION") || token.Is("PROCEDURE"));

    private static int BlockChange(SqlToken token, int blocks) => token.Source switch
    {
        "BEGIN" => 1,
        "CASE" when blocks > 0 => 1,
        "END" when blocks > 0 => -1,
        _ => 0,
    };

    private SqlToken? Next(bool atStart)
    {
        var space = SkipSpace(atStart);
        if (_at >= _text.Length)
            return null;
        var from = _at;
        var c = _text[_at];
        if (c == '"')
            return new SqlToken(SqlTokenKind.QuotedName, Quoted('"', false), Unquote(from, '"'), space);
        if (c == '\'')
            return new SqlToken(SqlTokenKind.Text, Quoted('\'', false), Unquote(from, '\''), space);
        if (c is 'E' or 'e' && _at + 1 < _text.Length && _text[_at + 1] == '\'')
        {
            _at++;
            Quoted('\'', true);
            // The value of an escape string is only ever compared as written.
            return new SqlToken(SqlTokenKind.Text, _text[from.._at], _text[from.._at], space);
        }

        if (c == '$' && DollarQuote() is { } tag)
        {
            var end = _text.IndexOf(tag, _at + tag.Length, StringComparison.Ordinal);
            if (end < 0)
                throw new FormatException($"The dump ends inside of a text that {tag} begins.");
            _at = end + tag.Length;
            return new SqlToken(SqlTokenKind.Text, _text[from.._at], _text[(from + tag.Length)..end], space);
        }

        _at++;
        if (!IsWord(c))
            return new SqlToken(SqlTokenKind.Symbol, _text[from.._at], _text[from.._at], space);
        while (_at < _text.Length && (IsWord(_text[_at]) || _text[_at] == '$'))
            _at++;
        return new SqlToken(SqlTokenKind.Word, _text[from.._at], _text[from.._at], space);
    }

    /// <summary>Skips white space, comments and, between statements, psql's own lines.</summary>
    private bool SkipSpace(bool atStart)
    {
        var from = _at;
        while (_at < _text.Length)
        {
            if (char.IsWhiteSpace(_text[_at]))
                _at++;
            else if (Starts("--") || (atStart && _text[_at] == '\\'))
                _at = _text.IndexOf('\n', _at) is var end and >= 0 ? end : _text.Length;
            else if (Starts("/*"))
                SkipComment();
            else
                break;
        }

        return _at > from;
    }

    private void SkipComment()
    {
        var depth = 0;
        do
        {
            if (_at >= _text.Length)
                throw new FormatException("The dump ends inside of a comment.");
            var change = Starts("/*") ? 1 : Starts("*/") ? -1 : 0;
            depth += change;
            _at += change == 0 ? 1 : 2;
        }
        while (depth > 0);
    }

    private string Quoted(char quote, bool escapes)
    {
        var from = _at++;
        while (true)
        {
            if (_at >= _text.Length)
                throw new FormatException($"The dump ends inside of quotes ({quote}).");
            if (escapes && _text[_at] == '\\')
            {
                _at += 2;
            }
            else if (_text[_at++] == quote)
            {
                if (_at < _text.Length && _text[_at] == quote)
                    _at++;
                else
                    return _text[from.._at];
            }
        }
    }

    private string Unquote(int from, char quote) =>
        new StringBuilder(_text, from + 1, _at - from - 2, _at - from).Replace($"{quote}{quote}", $"{quote}").ToString();

    /// <summary>The opening of a dollar quote here, such as <c>$_$</c>; null if it is a parameter or an operator.</summary>
    private string? DollarQuote()
    {
        var end = _at + 1;
        while (end < _text.Length && IsWord(_text[end]))
            end++;
        var isTag = end < _text.Length && _text[end] == '$' && !char.IsAsciiDigit(_text[_at + 1]);
        return isTag ? _text[_at..(end + 1)] : null;
    }

    private bool Starts(string text) => string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0;

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_' || c > 127;
}
