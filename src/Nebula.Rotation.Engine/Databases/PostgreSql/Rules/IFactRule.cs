namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// How one kind of additive fact is given to a login and taken from it. The planner runs every rule's <see cref="Take"/>, last rule first, and then
/// every rule's <see cref="Give"/>, first rule first.
/// </summary>
internal interface IFactRule
{
    /// <summary>The rule's name, on each of its statements.</summary>
    string Name { get; }

    /// <summary>True when DROP ROLE takes such facts away by itself; the others must be taken one by one before it (manual, "DROP ROLE").</summary>
    bool GoesWithLogin { get; }

    /// <summary>True when the fact is this rule's.</summary>
    bool Handles(PermissionFact fact);

    /// <summary>Takes away what the login has too much.</summary>
    void Take(RuleContext context, FactChanges changes);

    /// <summary>Adds what the login lacks.</summary>
    void Give(RuleContext context, FactChanges changes);
}
