namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>Collects the statements of a plan.</summary>
internal sealed class StatementList(RotationStage stage)
{
    private readonly List<PlannedStatement> _statements = [];

    public IReadOnlyList<PlannedStatement> Statements => _statements;

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
