namespace Nebula.Rotation.TestServers.Oracles;

internal enum SqlTokenKind
{
    /// <summary>A keyword, an unquoted name or a number. In a dump keywords are upper case, and a name that needs upper case is quoted.</summary>
    Word,

    /// <summary>A name in double quotes.</summary>
    QuotedName,

    /// <summary>A text in single quotes, or between dollar quotes.</summary>
    Text,

    /// <summary>One character of anything else.</summary>
    Symbol,
}

/// <param name="Kind">What it is.</param>
/// <param name="Source">As it is written.</param>
/// <param name="Value">What it means: a quoted name or text without its quotes.</param>
/// <param name="SpaceBefore">Whether white space or a comment stands before it.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Source, string Value, bool SpaceBefore)
{
    public bool Is(string keyword) => Kind is SqlTokenKind.Word && Source == keyword;

    public bool IsSymbol(char symbol) => Kind is SqlTokenKind.Symbol && Source[0] == symbol;

    /// <summary>On one line, and so that different tokens stay different.</summary>
    public string OnOneLine() =>
        Source.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
