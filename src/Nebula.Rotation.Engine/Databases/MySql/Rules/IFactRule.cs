using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql.Rules;

/// <summary>
/// How one kind of additive fact is given to a login and taken from it. The planner runs every rule's <see cref="Take"/>, last rule first, and then
/// every rule's <see cref="Give"/>, first rule first.
/// </summary>
internal interface IFactRule
{
    /// <summary>The rule's name, on each of its statements.</summary>
    string Name { get; }

    /// <summary>True when the fact is this rule's.</summary>
    bool Handles(PermissionFact fact);

    /// <summary>Takes away what the login has too much.</summary>
    void Take(RuleContext context, FactChanges changes);

    /// <summary>Adds what the login lacks.</summary>
    void Give(RuleContext context, FactChanges changes);
}

/// <summary>What a rule has to change, of its own kind.</summary>
/// <param name="Missing">What the login lacks.</param>
/// <param name="Extra">What it has too much; a fact with another value is in both.</param>
internal sealed record FactChanges(IReadOnlyList<PermissionFact> Missing, IReadOnlyList<PermissionFact> Extra);

/// <summary>Whom the statements are about, and where they go.</summary>
/// <param name="Login">The login to change.</param>
/// <param name="Output">Takes the statements.</param>
internal sealed record RuleContext(LoginSnapshot Login, StatementList Output)
{
    /// <summary>The other login of the rotation: whom to copy from, or who has the same already.</summary>
    public LoginSnapshot? Other { get; init; }

    public bool Has(MySqlFeatures feature) => ((MySqlFeatures)Login.Server.Features & feature) != 0;

    /// <summary>An account or role of a fact as statements name it.</summary>
    public string Name(string? factAccount) => MySqlDialect.Render(factAccount, Login.Username);
}
