namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>Collects the statements of a plan.</summary>
internal sealed class StatementList(RotationStage stage)
{
    /// <summary>The rule of the last statement of all.</summary>
    public const string DropRule = "Drop";

    /// <summary>Objects that are named as another role before that is set anew.</summary>
    private const int ObjectsTogether = 500;

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
    /// (manual, "GRANT", notes). Null runs them as the admin. As one role go no more than some hundred objects, since a
    /// transaction may have to end in between.
    /// </summary>
    public void AddAs(string? role, string rule, string? database, IEnumerable<(string Text, int Objects)> statements)
    {
        var together = 0;
        var isOpen = false;
        foreach (var (text, objects) in statements)
        {
            if (isOpen && together + objects > ObjectsTogether)
                End();
            if (role is not null && !isOpen)
                Add(rule, database, $"SET LOCAL ROLE {role}");
            _statements.Add(new() { Stage = stage, Database = database, Text = text, Rule = rule, Objects = objects, IsJoined = role is not null });
            together += objects;
            isOpen = role is not null;
        }

        if (isOpen)
            End();

        // Not RESET ROLE: that would give a role which the admin's own settings may name.
        void End()
        {
            _statements.Add(new() { Stage = stage, Database = database, Text = "SET LOCAL ROLE NONE", Rule = rule, IsJoined = true });
            (together, isOpen) = (0, false);
        }
    }
}
