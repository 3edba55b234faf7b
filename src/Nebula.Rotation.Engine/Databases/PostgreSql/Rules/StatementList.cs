namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>Collects the statements of a plan.</summary>
internal sealed class StatementList(RotationStage stage)
{
    /// <summary>The rule of the last statement of all.</summary>
    public const string DropRule = "Drop";

    private readonly List<PlannedStatement> _statements = [];

    public IReadOnlyList<PlannedStatement> Statements => _statements;

    /// <summary>
    /// The statements, those of a database together and in their order, since each database's are a transaction of its own. A role must be there before
    /// other databases can name it, and can be dropped only when they do not any more.
    /// </summary>
    public IReadOnlyList<PlannedStatement> ByDatabase(string? home, bool homeFirst) =>
    [
        .. _statements
            .OrderBy(statement => (statement.Database is null || statement.Database == home) != homeFirst)
            .ThenBy(statement => statement.Database == home ? null : statement.Database, StringComparer.Ordinal)
            // ALTER POLICY locks its table for everybody until the transaction ends.
            .ThenBy(statement => statement.Rule switch { PolicyRule.RuleName => 1, DropRule => 2, _ => 0 }),
    ];

    public void Add(string rule, string? database, string text, string? textAfterPassword = null) =>
        _statements.Add(new() { Stage = stage, Database = database, Text = text, TextAfterPassword = textAfterPassword, Rule = rule });

    /// <summary>
    /// Adds statements that run as another role, so that it is recorded as the grantor: a superuser's own GRANT counts as the owner's
    /// (manual, "GRANT", notes). Null runs them as the admin.
    /// </summary>
    public void AddAs(string? role, string rule, string? database, IReadOnlyCollection<string> texts)
    {
        if (texts.Count == 0)
            return;
        if (role is not null)
            Add(rule, database, $"SET LOCAL ROLE {role}");
        foreach (var text in texts)
            Add(rule, database, text);
        // Not RESET ROLE: that would give a role which the admin's own settings may name.
        if (role is not null)
            Add(rule, database, "SET LOCAL ROLE NONE");
    }
}
