using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// Row security policies TO the login. ALTER POLICY takes the whole list of roles: both logins are in it while both are live, each comes and goes alone,
/// and the others stay.
/// </summary>
internal sealed class PolicyRule : IFactRule
{
    public const string RuleName = "Policy";

    public string Name => RuleName;

    public bool GoesWithLogin => false;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Policy;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Extra)
        {
            var roles = Roles(context.Login, fact);
            // The other has it or is about to: a list cannot be empty, and one that names neither would be nobody's.
            if (context.Other is { Exists: true } other && other.Facts.Contains(fact))
                roles.Add(PostgreSqlDialect.Identifier(other.Username));
            roles.Remove(context.LoginName);
            Write(context, fact, roles);
        }
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
        {
            var roles = context.Other is { } other ? Roles(other, fact) : [];
            roles.Add(context.LoginName);
            Write(context, fact, roles);
        }
    }

    private static SortedSet<string> Roles(LoginSnapshot login, PermissionFact fact) =>
        login.Hints.TryGetValue(HintNames.Of(HintNames.PolicyRoles, fact), out var names) ? new(JsonSerializer.Deserialize<string[]>(names)!, StringComparer.Ordinal) : new(StringComparer.Ordinal);

    private void Write(RuleContext context, PermissionFact fact, SortedSet<string> roles)
    {
        // One that names nobody else is left, and then DROP ROLE says its name.
        if (roles.Count > 0)
            context.Output.Add(Name, fact.Database, $"ALTER POLICY {fact.SubName} ON {fact.ObjectName} TO {string.Join(", ", roles)}");
    }
}
