namespace Nebula.Rotation.Engine.Databases.MySql.Rules;

/// <summary>Collects the statements of a plan.</summary>
internal sealed class StatementList(RotationStage stage)
{
    /// <summary>The rule of statements that change the session alone, and nothing on the server.</summary>
    public const string SessionRule = "Session";

    /// <summary>The rule of statements that give objects another definer.</summary>
    public const string DefinerRule = "Definer";

    private readonly List<PlannedStatement> _statements = [];

    public IReadOnlyList<PlannedStatement> Statements => _statements;

    public void Add(string rule, string text) => _statements.Add(new() { Stage = stage, Text = text, Rule = rule });

    /// <summary>A statement with a slot for a password.</summary>
    public void Add(string rule, string text, MySqlSlot slot, string textAfter = "") =>
        _statements.Add(new() { Stage = stage, Text = text, TextAfterPassword = textAfter, SlotForm = slot.ToString(), Rule = rule });
}
