namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>Attributes of CREATE ROLE and ALTER ROLE.</summary>
internal sealed class AttributeRule : IFactRule
{
    public string Name => "Attribute";

    public bool GoesWithLogin => true;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Attribute;

    /// <summary>Takes nothing: each attribute but the password's end always has a value, which <see cref="Give"/> writes over.</summary>
    public void Take(RuleContext context, FactChanges changes)
    {
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        var clauses = Clauses(changes.Missing).ToList();
        if (changes.Extra.Any(fact => fact.Name == FactKinds.ValidUntil) && changes.Missing.All(fact => fact.Name != FactKinds.ValidUntil))
            clauses.Add($"VALID UNTIL '{FactKinds.Infinity}'");
        if (clauses.Count > 0)
            context.Output.Add(Name, null, $"ALTER ROLE {context.LoginName} WITH {string.Join(' ', clauses)}");
    }

    /// <summary>The attributes as clauses of CREATE ROLE.</summary>
    public static IEnumerable<string> Clauses(IEnumerable<PermissionFact> attributes) =>
        from fact in attributes
        select fact.Name switch
        {
            "CONNECTION LIMIT" => $"CONNECTION LIMIT {fact.Value}",
            FactKinds.ValidUntil => $"VALID UNTIL {PostgreSqlDialect.Literal(fact.Value!)}",
            _ => (fact.Value == "true" ? "" : "NO") + fact.Name,
        };
}
