namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>SECURITY LABEL … ON ROLE. The server asks the label's provider, which must be loaded, or else nothing is changed.</summary>
internal sealed class SecurityLabelRule : IFactRule
{
    public string Name => "SecurityLabel";

    public bool GoesWithLogin => true;

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.SecurityLabel;

    public void Take(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Extra.Where(extra => changes.Missing.All(missing => missing.Name != extra.Name)))
            Write(context, fact, "NULL");
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var fact in changes.Missing)
            Write(context, fact, PostgreSqlDialect.Literal(fact.Value!));
    }

    private void Write(RuleContext context, PermissionFact fact, string label) =>
        context.Output.Add(Name, null, $"SECURITY LABEL FOR {PostgreSqlDialect.Identifier(fact.Name)} ON ROLE {context.LoginName} IS {label}");
}
